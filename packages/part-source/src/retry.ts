/** Waits between tries of one read. */
import { setTimeout } from "node:timers/promises";

/** Waits before the try after try number `tries` (1, 2, …); the signal ends the wait with its reason. */
export type RetryWait = (tries: number, signal: AbortSignal) => Promise<void>;

/** Up to 200 ms, doubling with each try to at most 5 s, spread evenly from 0 ("full jitter"). */
export const waitWithJitter: RetryWait = async (tries, signal) => {
  const ceilingMs = Math.min(5_000, 200 * 2 ** (tries - 1));
  try {
    await setTimeout(Math.random() * ceilingMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
};
