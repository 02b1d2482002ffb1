/** The snoozes of steps. */
import { after, type EpochMs, milliseconds, type Outcome } from "@headgate/core";

/** Come back `spanMs` from `now`. */
export function later(now: EpochMs, spanMs: number, reason: string): Outcome {
  return { kind: "snooze", until: after(now, milliseconds(spanMs)), reason };
}
