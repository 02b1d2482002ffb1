/**
 * Work on customers' bytes begins here, beside others or alone. Its start is counted by `work`, not
 * before: one that only waits must not be blamed when those that it waits for kill the process.
 */
import { isSuspect, type Milliseconds, type Outcome, seconds } from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import type { StepContext } from "./context.ts";
import { later } from "./later.ts";

/**
 * How long a task waits for its place, and for a suspect's sake nothing new begins in the process
 * meanwhile. It keeps its task, since one that snoozes comes back behind its whole queue, and a suspect
 * would never come by then. Longer than an upload may take (11 min), and than 100 GB are read at
 * 60 MB/s. Where something takes longer still a suspect snoozes as long, so that the others have at
 * least half of the time.
 */
const longestWaitMs = seconds(1800);
/** Pause of others that have waited for suspects that long. */
const othersPauseMs = seconds(1);

export interface IsolatedWork {
  /** Workers that have died over it, in a row. */
  readonly deaths: number;
  readonly signal: AbortSignal;
  /** Longest that it waits for suspects, if it is none itself. Default 30 min. */
  readonly patienceMs?: Milliseconds;
}

/**
 * Does the work as soon as it may begin in this process; a snooze where that takes too long, or where
 * the worker wants to stop. Rejects with the signal's reason once that is aborted.
 */
export async function workIsolated<T>(
  context: StepContext,
  { deaths, signal, patienceMs = longestWaitMs }: IsolatedWork,
  work: () => Promise<T>,
): Promise<T | Outcome> {
  const { isolation, ledger, ports, stopping } = context;
  if (isolation === undefined) return await work();
  const alone = isSuspect(deaths);
  const place = await isolation.enter({
    alone,
    giveUp: () => [
      signal,
      ...(stopping === undefined ? [] : [stopping]),
      ports.stopwatch.deadline(alone ? longestWaitMs : patienceMs),
    ],
  });
  try {
    signal.throwIfAborted();
    if (place !== undefined) return await work();
  } finally {
    place?.leave();
  }
  const now = await ledgerNow(ledger);
  if (stopping?.aborted) return later(now, 0, "the worker stops, another goes on");
  return alone
    ? later(now, longestWaitMs, "workers have died of it, and it is never alone here")
    : later(now, othersPauseMs, "one that workers have died of works alone");
}
