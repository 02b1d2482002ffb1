/** Decides, after each look at a target's place, whether its files are taken, waited for or given up. */
import { reasonCode } from "../errors.ts";
import type { RunCause, RunReason } from "./run.ts";

/** What a look has found. Instants and spans in milliseconds. */
export interface Look {
  readonly now: number;
  readonly cause: RunCause;
  /** When the target began to gather; it waits `waitMs` from then. */
  readonly since: number;
  readonly waitMs: number;
  readonly settleMs: number;
  readonly onNoFiles: "complete" | "fail";
  /** What the gate still waits for; undefined where it is open or there is none. */
  readonly gateWaitsFor?: string | undefined;
  /** The new files now, as a digest of their URIs and pins, and how many there are. */
  readonly fingerprint: string;
  readonly newFiles: number;
  /** Files of the run's own date that are loaded already or on their way. */
  readonly knownFiles: number;
  /** A file that another load is still taking in an earlier form, if there is one. */
  readonly contested?: string | undefined;
  /** The new files at the last look, and since when they were those. */
  readonly listing?: { readonly fingerprint: string; readonly since: number } | undefined;
}

export type GatheringDecision =
  | { readonly kind: "take" | "nothing" }
  | { readonly kind: "fail"; readonly reason: RunReason }
  | {
      readonly kind: "wait";
      readonly message: string;
      /** When nothing but time is needed; else the next look decides. */
      readonly until?: number;
      readonly listing?: { readonly fingerprint: string; readonly since: number };
    };

/**
 * - A closed gate is waited for, then ERR_GATE_TIMEOUT.
 * - New files must be the same, by URI and pin, for `settleMs`. Files that still change when the
 *   time is up get one more such span, for a fleet that was stopped meanwhile; then ERR_GATE_TIMEOUT.
 * - A file that another load is taking in an earlier form is waited for likewise.
 * - No new file: fine with `complete`, and where a run by hand or of a backfill finds only files that
 *   are loaded already. Else ERR_SOURCE_NONE_MATCHED, for a nightly run at the end of its time.
 */
export function decideGathering(look: Look): GatheringDecision {
  const { now, gateWaitsFor, contested } = look;
  const deadline = look.since + look.waitMs;
  const waited = `waited ${Math.round((now - look.since) / 1000)} s, allowed ${look.waitMs / 1000} s`;
  const waitFor = (message: string): GatheringDecision =>
    now >= deadline ? timeout(`${message}; ${waited}`) : { kind: "wait", message };

  if (gateWaitsFor !== undefined) return waitFor(`${gateWaitsFor} is not there`);
  if (contested !== undefined) return waitFor(`another load is taking an earlier ${contested}`);

  const isSame = look.listing?.fingerprint === look.fingerprint;
  if (!isSame && (look.listing?.since ?? 0) >= deadline)
    return timeout(`files still change; ${waited}`);
  const listing = {
    fingerprint: look.fingerprint,
    since: isSame ? (look.listing?.since ?? now) : now,
  };
  const settledAt = listing.since + look.settleMs;
  if (now < settledAt)
    return { kind: "wait", message: "files are settling", until: settledAt, listing };

  if (look.newFiles > 0) return { kind: "take" };
  if (look.onNoFiles === "complete") return { kind: "nothing" };
  if (look.cause !== "cron" && look.knownFiles > 0) return { kind: "nothing" };
  if (look.cause === "cron" && now < deadline)
    return { kind: "wait", message: "there is no new file", listing };
  return {
    kind: "fail",
    reason: {
      code: reasonCode("ERR_SOURCE_NONE_MATCHED"),
      message: `there is no new file; ${waited}`,
    },
  };
}

function timeout(message: string): GatheringDecision {
  return { kind: "fail", reason: { code: reasonCode("ERR_GATE_TIMEOUT"), message } };
}
