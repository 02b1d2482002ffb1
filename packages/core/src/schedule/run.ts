/**
 * A run of a schedule: its targets' files of one date, loaded in order.
 *
 * States of a run, and what moves it on:
 *
 *   waiting    recorded; its turn has not come. Turn (see `mayBegin`) -> running.
 *   running    its targets are worked on. All complete -> complete; all ended and one of them
 *              failed -> failed.
 *   complete   final. failed: final, with the reason of the first target that failed.
 *   cancelled  by request, from waiting or running. Final; loads that can be cancelled are.
 *   skipped    never began: its instant was missed, or came while the run before was unfinished. Final.
 *
 * States of a target within it:
 *
 *   blocked    waits for the targets before it. All complete -> gathering; one of them failed or
 *              skipped -> skipped.
 *   gathering  waits for its gate, and for its files to settle (see `decideGathering`). Files taken
 *              -> loading; nothing to take and that is fine -> complete; not in time, or refused
 *              -> failed.
 *   loading    its files are fixed; loads are made of them, 1000 files each, in order. All loads
 *              complete -> complete; all ended and one failed or was cancelled -> failed.
 *   complete, failed, skipped: final.
 */
import type { OrderedTarget } from "./target-order.ts";

/** A stable code, and a sentence. */
export interface RunReason {
  readonly code: string;
  readonly message: string;
}

export const runStates = [
  "waiting",
  "running",
  "complete",
  "failed",
  "cancelled",
  "skipped",
] as const;
export type RunState = (typeof runStates)[number];

export const runCauses = ["cron", "hand", "backfill"] as const;
export type RunCause = (typeof runCauses)[number];

export const runTargetStates = [
  "blocked",
  "gathering",
  "loading",
  "complete",
  "failed",
  "skipped",
] as const;
export type RunTargetState = (typeof runTargetStates)[number];

/** One target of a run. */
export interface RunTarget extends OrderedTarget {
  readonly state: RunTargetState;
  readonly reason?: RunReason | undefined;
  /** Instant at which it began to gather. */
  readonly since?: number | undefined;
  /** What its new files were at the last look, and since when. */
  readonly listing?: { readonly fingerprint: string; readonly since: number } | undefined;
  /** Files taken and their bytes, in this many loads. */
  readonly files: number;
  readonly bytes: number;
  readonly chunks: number;
  /** Loads made so far, by chunk. */
  readonly loads: readonly string[];
  /** Records of its loads, once they have ended. */
  readonly records: number;
}

/** Whether a run in this state will never change again. */
export function isFinalRunState(state: RunState): boolean {
  return state !== "waiting" && state !== "running";
}

/** A target before its run has begun. */
export function newRunTarget({ name, after }: OrderedTarget): RunTarget {
  return { name, after, state: "blocked", files: 0, bytes: 0, chunks: 0, loads: [], records: 0 };
}

/** Lets go of the blocked targets that are no longer held back, also of those behind them. */
export function releaseTargets(targets: readonly RunTarget[], now: number): readonly RunTarget[] {
  const states = new Map(targets.map(({ name, state }) => [name, state]));
  const released = targets.map((target) => {
    if (target.state !== "blocked") return target;
    const before = target.after.map((name) => ({ name, state: states.get(name) }));
    const broken = before.find(({ state }) => state === "failed" || state === "skipped");
    if (broken !== undefined) {
      const message = `target "${broken.name}" before it is ${broken.state}`;
      return { ...target, state: "skipped" as const, reason: { code: "target_before", message } };
    }
    const isFree = before.every(({ state }) => state === "complete");
    return isFree ? { ...target, state: "gathering" as const, since: now } : target;
  });
  const changed = released.some((target, index) => target !== targets[index]);
  return changed ? releaseTargets(released, now) : released;
}

/** How a run with these targets ends, or undefined while it goes on. */
export function endOfRun(
  targets: readonly RunTarget[],
): { readonly state: "complete" | "failed"; readonly reason?: RunReason | undefined } | undefined {
  const ended = ["complete", "failed", "skipped"];
  if (!targets.every(({ state }) => ended.includes(state))) return undefined;
  const failed = targets.find(({ state }) => state === "failed");
  if (failed === undefined) return { state: "complete" };
  const { code = "unknown", message = "no reason was recorded" } = failed.reason ?? {};
  return { state: "failed", reason: { code, message: `target "${failed.name}": ${message}` } };
}
