/** Which of the instants that have come since the last look start a run. */
import type { EpochMs, Milliseconds } from "../units.ts";
import { seconds } from "../units.ts";

/** Rules for runs that nobody was there to start. */
export type MissedRuns = "skip" | "once" | "each";

/** An instant noticed later than this was missed: nobody was there to start its run. */
export const missedAfterMs: Milliseconds = seconds(300);

/** Most missed instants that `each` starts, the latest ones: a year of nights. */
export const mostMissedRuns = 366;

/** An instant that starts a run. */
export interface Start {
  readonly at: EpochMs;
  readonly missed: boolean;
}

/**
 * Splits the due instants, earliest first, in those that start a run and those that do not. On time
 * ones always start. Of missed ones, `skip` starts none; `each` every one, the latest 366; `once` the
 * last, unless one that is on time stands for it.
 */
export function chooseStarts(
  due: readonly EpochMs[],
  now: EpochMs,
  rule: MissedRuns,
): { readonly starts: readonly Start[]; readonly skipped: readonly EpochMs[] } {
  const missed = due.filter((at) => now - at > missedAfterMs);
  const onTime = due.slice(missed.length);
  const kept = { skip: 0, once: onTime.length > 0 ? 0 : 1, each: mostMissedRuns }[rule];
  const from = Math.max(missed.length - kept, 0);
  return {
    starts: [
      ...missed.slice(from).map((at) => ({ at, missed: true })),
      ...onTime.map((at) => ({ at, missed: false })),
    ],
    skipped: missed.slice(0, from),
  };
}
