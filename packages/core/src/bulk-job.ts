/**
 * headgate's own record of a bulk job, and how it moves.
 *
 *   claimed     parts, slot and permit are taken; nothing was sent.
 *   creating    the create call was or is under way; until its answer is known the bulk job may exist.
 *   uploading   the remote bulk job is Open and takes part after part, one at a time.
 *   closing     every part is accepted; UploadComplete was or is being sent.
 *   processing  the API has the bulk job as UploadComplete or InProgress.
 *   aborting    it must go: Aborted was or is being sent; its parts return or their load fails.
 *   ended       permit and object are free again; `end` says how it ended.
 *
 * claimed -> creating -> uploading -> closing -> processing -> ended(complete | failed)
 * creating -> ended(conflict | refused)      the API said no
 * any of the above but ended -> aborting -> ended(aborted)
 * uploading, closing, processing -> ended(lost)   someone else has aborted or removed it
 * uploading, aborting -> processing          someone else has closed it: what is in it is settled
 */

/** The phases above, in the order of a bulk job that goes well. */
export const bulkJobPhases = [
  "claimed",
  "creating",
  "uploading",
  "closing",
  "processing",
  "aborting",
  "ended",
] as const;
export type BulkJobPhase = (typeof bulkJobPhases)[number];

/** How a bulk job ended: the first two as the API says, the others by what happened to it. */
export const bulkJobEnds = [
  "complete",
  "failed",
  "aborted",
  "lost",
  "conflict",
  "refused",
] as const;
export type BulkJobEnd = (typeof bulkJobEnds)[number];

/** Salesforce's own names for a bulk job's states. The last three are final. */
export const remoteStates = [
  "Open",
  "UploadComplete",
  "InProgress",
  "JobComplete",
  "Failed",
  "Aborted",
] as const;
export type RemoteState = (typeof remoteStates)[number];

/** States in which a bulk job holds one of the five permits and its object. */
export const unfinishedRemoteStates: readonly RemoteState[] = [
  "Open",
  "UploadComplete",
  "InProgress",
];

/** A bulk job as the API reports it. */
export interface RemoteBulkJob {
  readonly id: string;
  readonly sourceName: string;
  readonly object: string;
  readonly operation: string;
  readonly state: RemoteState;
  /** Id of the user that created it, where the API says so. */
  readonly createdById?: string | undefined;
  /** Milliseconds since the epoch, by the API's clock. */
  readonly createdAt?: number | undefined;
}
