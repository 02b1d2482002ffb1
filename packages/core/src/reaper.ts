/**
 * What upkeep does with a bulk job that the tenant lists as Open or UploadComplete: the API deletes
 * such bulk jobs, and the data in them, 7 days after their creation.
 */
import type { BulkJobPhase, RemoteBulkJob } from "./bulk-job.ts";
import { type EpochMs, type Milliseconds, seconds } from "./units.ts";

/** Ages at which the reaper acts. */
export interface ReapSettings {
  /** Age at which a bulk job of ours is aborted and its parts return. Default 6.5 days. */
  readonly abortAgeMs: Milliseconds;
  /** Age from which people are told. Default 6 days. */
  readonly alarmAgeMs: Milliseconds;
  /** Age under which a bulk job that the ledger does not know may still be one just being created. Default 5 min. */
  readonly graceMs: Milliseconds;
  /** Age at which one of our user is aborted that no create call in the ledger can have made. Default 15 min. */
  readonly unclaimedAgeMs: Milliseconds;
  /** Whether another fleet works as the same user: then such a one may be its, and is left alone. Default false. */
  readonly sharedUser: boolean;
  /** Whether other tools' bulk jobs are aborted at `abortAgeMs` too. Default false. */
  readonly abortForeign: boolean;
}

/**
 * Acts half a day before the API deletes, and tells people half a day before that. With a round every
 * 5 min a stray is gone 10 min after its creation.
 */
export const defaultReapSettings: ReapSettings = {
  abortAgeMs: seconds(6.5 * 24 * 3600),
  alarmAgeMs: seconds(6 * 24 * 3600),
  graceMs: seconds(5 * 60),
  unclaimedAgeMs: seconds(15 * 60),
  sharedUser: false,
  abortForeign: false,
};

/** What the ledger knows of the bulk job. */
export type ReapOwner =
  /** The ledger has it and its task goes on. */
  | { readonly kind: "ours"; readonly phase: BulkJobPhase; readonly partsMissing: number }
  /** Its object has a create call of ours whose answer is not known: that one's task may adopt it. */
  | { readonly kind: "being-created" }
  /** Ended in the ledger, or made by a create call of ours that nobody waits for any more. */
  | { readonly kind: "ours-lost" }
  /** Created by our own user, and by no call that the ledger knows: it lost one, or another fleet made it. */
  | { readonly kind: "unclaimed" }
  | { readonly kind: "foreign" };

/** What is done with a listed bulk job. */
export type ReapDecision =
  | { readonly kind: "leave" }
  /** All its parts are up: send UploadComplete. */
  | { readonly kind: "complete" }
  /** Abort it; parts of ours go back in line. */
  | { readonly kind: "abort"; readonly why: "too-old" | "lost" | "foreign-too-old" }
  /** Tell people; do nothing. */
  | { readonly kind: "report"; readonly why: ReportReason };

/** Why people are told of a bulk job that is left alone. */
export type ReportReason = "foreign" | "unclaimed" | "old" | "cannot-abort";

/** Decides about one listed bulk job at `now`, by the API's creation date. Its age is 0 where the API gives none. */
export function decideReap(
  bulkJob: RemoteBulkJob,
  owner: ReapOwner,
  context: { readonly now: EpochMs; readonly settings: ReapSettings },
): ReapDecision {
  const { now, settings } = context;
  const ageMs = bulkJob.createdAt === undefined ? 0 : now - bulkJob.createdAt;
  const tooOld = ageMs >= settings.abortAgeMs;
  if (bulkJob.state !== "Open" && bulkJob.state !== "UploadComplete") return { kind: "leave" };
  switch (owner.kind) {
    case "ours":
      if (tooOld) return { kind: "abort", why: "too-old" };
      if (bulkJob.state === "Open" && owner.partsMissing === 0 && owner.phase === "closing")
        return { kind: "complete" };
      return ageMs >= settings.alarmAgeMs ? { kind: "report", why: "old" } : { kind: "leave" };
    case "being-created":
      return { kind: "leave" };
    case "ours-lost":
      return stray(bulkJob, ageMs, settings.graceMs);
    case "unclaimed":
      if (!settings.sharedUser && ageMs >= settings.unclaimedAgeMs)
        return stray(bulkJob, ageMs, settings.unclaimedAgeMs);
      return { kind: "report", why: "unclaimed" };
    case "foreign":
      if (settings.abortForeign && tooOld) return { kind: "abort", why: "foreign-too-old" };
      return { kind: "report", why: "foreign" };
  }
}

/** A closed one is processed with what it has; only one that still waits for parts keeps others out for days. */
function stray({ state }: RemoteBulkJob, ageMs: number, fromMs: Milliseconds): ReapDecision {
  if (state === "UploadComplete") return { kind: "report", why: "cannot-abort" };
  return ageMs >= fromMs ? { kind: "abort", why: "lost" } : { kind: "leave" };
}

/** What the ledger has of a bulk job of one object in which a create call may have made another one. */
export interface CreateSpan {
  /** From the claim on a create call could be sent. */
  readonly from: number;
  /** When the last one was answered or given up; absent while that is open. */
  readonly to?: number | undefined;
}

/** Most that the API's creation date, corrected by its clock, may lie outside the span of the call. */
export const createSpanToleranceMs: Milliseconds = seconds(60);

/**
 * Whose a bulk job of our own user is that no record names; `spans` are those of its object. One
 * without a creation date has no age either, so it is only told.
 */
export function unknownOwner(
  createdAt: number | undefined,
  spansOfObject: readonly CreateSpan[],
): ReapOwner {
  if (createdAt === undefined) return { kind: "unclaimed" };
  const spans = spansOfObject.filter(
    ({ from, to = Number.POSITIVE_INFINITY }) =>
      createdAt >= from - createSpanToleranceMs && createdAt <= to + createSpanToleranceMs,
  );
  if (spans.some(({ to }) => to === undefined)) return { kind: "being-created" };
  return { kind: spans.length > 0 ? "ours-lost" : "unclaimed" };
}
