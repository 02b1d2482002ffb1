/**
 * A load: one request to bring these source objects into this target.
 *
 * States, and what moves a load on:
 *
 *   accepted    recorded, its task wanted. Planned -> waiting; refused by planning -> failed.
 *   waiting     its parts are known and stand in the object's line. First part claimed -> loading.
 *   loading     at least one part belongs to a bulk job, not all are in closed ones.
 *               Last part closed -> processing; every claimed part back in line -> waiting;
 *               refused by the API, or its source is no longer the planned one -> failed.
 *   processing  every part is in a bulk job that is closed, or settled. Last one JobComplete ->
 *               complete; bulk job Failed that held it alone, or lost too often -> failed; lost, or
 *               Failed with other loads in it -> loading or waiting.
 *   complete    every part is settled in a JobComplete bulk job. Final.
 *   failed      has a reason and can be run again. Final.
 *   cancelled   by request, from accepted, waiting or loading, before a part of it is in a bulk job
 *               that is closed or shared with other loads. Final.
 *
 * There is no state between accepted and waiting: the manifest and the place in line are written
 * by one script, so nobody can see a load planned and not yet waiting.
 */

/** The states above. */
export const loadStates = [
  "accepted",
  "waiting",
  "loading",
  "processing",
  "complete",
  "failed",
  "cancelled",
] as const;
export type LoadState = (typeof loadStates)[number];

/** Whether a load in this state will never change again. */
export function isFinalLoadState(state: LoadState): boolean {
  return state === "complete" || state === "failed" || state === "cancelled";
}

/** Whether parts of a load in this state may be claimed. */
export function isClaimable(state: LoadState): boolean {
  return state === "waiting" || state === "loading";
}

/** How the first record of a source object is read. `detect`: a header where all its fields are schema fields. */
export const headerModes = ["present", "absent", "detect"] as const;
export type HeaderMode = (typeof headerModes)[number];
