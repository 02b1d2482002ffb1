/**
 * When a run may begin beside the other unfinished runs of its schedule, in the order recorded.
 *
 * - By cron or hand: with overlap `beside` at once; else after every earlier one by cron or hand.
 *   A backfill never holds it back.
 * - Of a backfill: while nothing else of the schedule runs, nothing by cron or hand waits, and no
 *   backfill run stands before it. So a nightly run slips in between two dates of a backfill.
 */
import type { RunCause, RunState } from "./run.ts";

export type Overlap = "skip" | "wait" | "beside";

/** An unfinished run, as far as turns go. */
export interface RunInLine {
  readonly id: string;
  readonly sequence: number;
  readonly cause: RunCause;
  readonly state: RunState;
}

/** Whether a waiting run's turn has come; `unfinished` are its schedule's unfinished runs. */
export function mayBegin(
  run: RunInLine,
  unfinished: readonly RunInLine[],
  overlap: Overlap,
): boolean {
  const others = unfinished.filter(({ id }) => id !== run.id);
  if (run.cause === "backfill")
    return others.every(
      (other) =>
        other.state === "waiting" && other.cause === "backfill" && other.sequence > run.sequence,
    );
  if (overlap === "beside") return true;
  return others.every((other) => other.cause === "backfill" || other.sequence > run.sequence);
}

/** Most unfinished runs by cron or hand; a schedule that never keeps up must not fill Redis. */
export const mostUnfinishedRuns = 1000;

/**
 * Whether an instant's run is dropped: one by cron or hand is unfinished and the rule is `skip`, which
 * holds for instants that are on time, or there are 1000 of them.
 */
export function isOverlapSkipped(
  overlap: Overlap,
  start: { readonly missed: boolean },
  unfinished: readonly Pick<RunInLine, "cause">[],
): boolean {
  const nightly = unfinished.filter(({ cause }) => cause !== "backfill").length;
  if (nightly >= mostUnfinishedRuns) return true;
  return overlap === "skip" && !start.missed && nightly > 0;
}
