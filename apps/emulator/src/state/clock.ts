/**
 * The emulator's clock. Every limit, token and bulk-job state is computed from it when somebody
 * asks, never by a timer, so a test moves an hour on with one call.
 * In mode "real" it runs with the machine's clock plus an offset; in mode "manual" it stands still
 * until it is advanced. It never goes back.
 */
import { after, BulkError, type EpochMs, epochMs, type Milliseconds } from "@headgate/core";

export type ClockMode = "real" | "manual";

export interface EmulatorClock {
  /** The instant now. Never less than an instant it gave before. */
  now(): EpochMs;
  readonly mode: ClockMode;
  /** Moves on by `span`. Throws ERR_REQUEST_INVALID for a negative span. */
  advance(span: Milliseconds): void;
  /** Moves on to `instant`. Throws ERR_REQUEST_INVALID for an instant in the past. */
  moveTo(instant: EpochMs): void;
  /** Lets the clock run or stand still, from the present instant. */
  setMode(mode: ClockMode): void;
}

/** A clock that starts at `startsAt`, by default the machine's present time. */
export function createClock(mode: ClockMode, startsAt?: EpochMs): EmulatorClock {
  const machineNow = (): number => Date.now();
  let running = mode === "real";
  let offset = (startsAt ?? machineNow()) - machineNow();
  let last = epochMs(startsAt ?? machineNow());

  const now = (): EpochMs => {
    if (running) last = epochMs(Math.max(last, machineNow() + offset));
    return last;
  };
  const moveTo = (instant: EpochMs): void => {
    const present = now();
    if (instant < present) {
      throw new BulkError(
        "ERR_REQUEST_INVALID",
        `the emulator's clock cannot go back from ${present} to ${instant}`,
        { fields: { now: present, asked: instant } },
      );
    }
    last = instant;
    offset = instant - machineNow();
  };
  return {
    now,
    get mode() {
      return running ? "real" : "manual";
    },
    advance: (span) => moveTo(after(now(), span)),
    moveTo,
    setMode(next) {
      moveTo(now());
      running = next === "real";
    },
  };
}
