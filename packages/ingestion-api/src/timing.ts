/** The clock, the chance and the waits that this package uses, in one place so that tests can set them. */
import { setTimeout as sleep } from "node:timers/promises";
import { type EpochMs, epochMs, type Milliseconds } from "@headgate/core";

/** Clock, chance and waits. */
export interface Timing {
  now(): EpochMs;
  /** In [0, 1). */
  random(): number;
  /** Resolves after the span; rejects as soon as the signal is aborted. */
  sleep(span: Milliseconds, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock and timers. */
export const systemTiming: Timing = {
  now: () => epochMs(Date.now()),
  random: Math.random,
  sleep: (span, signal) => sleep(span, undefined, signal === undefined ? {} : { signal }),
};
