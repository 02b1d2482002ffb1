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
  /** Age under which a bulk job that the ledger does not know may still be one just being created. Default 15 min. */
  readonly graceMs: Milliseconds;
  /** Whether other tools' bulk jobs are aborted at `abortAgeMs` too. Default false. */
  readonly abortForeign: boolean;
}

/** Acts half a day before the API deletes, and tells people half a day before that. */
export const defaultReapSettings: ReapSettings = {
  abortAgeMs: seconds(6.5 * 24 * 3600),
  alarmAgeMs: seconds(6 * 24 * 3600),
  graceMs: seconds(15 * 60),
  abortForeign: false,
};

/** What the ledger knows of the bulk job. */
export type ReapOwner =
  /** The ledger has it and its task goes on. */
  | { readonly kind: "ours"; readonly phase: BulkJobPhase; readonly partsMissing: number }
  /** Created by our own user, and unknown to the ledger or ended there. */
  | { readonly kind: "ours-lost" }
  | { readonly kind: "foreign" };

/** What is done with a listed bulk job. */
export type ReapDecision =
  | { readonly kind: "leave" }
  /** All its parts are up: send UploadComplete. */
  | { readonly kind: "complete" }
  /** Abort it; parts of ours go back in line. */
  | { readonly kind: "abort"; readonly why: "too-old" | "lost" | "foreign-too-old" }
  /** Tell people; do nothing. */
  | { readonly kind: "report"; readonly why: "foreign" | "old" | "cannot-abort" };

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
    case "ours-lost":
      if (bulkJob.state === "UploadComplete") return { kind: "report", why: "cannot-abort" };
      return ageMs >= settings.graceMs ? { kind: "abort", why: "lost" } : { kind: "leave" };
    case "foreign":
      if (settings.abortForeign && tooOld) return { kind: "abort", why: "foreign-too-old" };
      return { kind: "report", why: "foreign" };
  }
}
