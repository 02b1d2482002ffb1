/**
 * Counts creations (or, in the strictest reading, all bulk requests) against the hourly limit, and
 * keeps the most it ever saw in one rolling window, whatever was answered.
 */
import { type EpochMs, type Milliseconds, milliseconds } from "@headgate/core";
import type { EmulatorSettings } from "../settings.ts";

/** One counted arrival. Its owner takes it back with `counts = false` where a setting says so. */
export interface Arrival {
  readonly at: EpochMs;
  counts: boolean;
}

/** Counts arrivals against the limit of a window. */
export class ArrivalLog {
  readonly #settings: EmulatorSettings;
  #arrivals: Arrival[] = [];
  #most = 0;

  constructor(settings: EmulatorSettings) {
    this.#settings = settings;
  }

  /** The most arrivals ever seen in one rolling window of `slotWindowMs`, refused ones included. */
  get most(): number {
    return this.#most;
  }

  arrive(now: EpochMs): Arrival {
    const arrival: Arrival = { at: now, counts: true };
    this.#forget(now);
    this.#arrivals.push(arrival);
    const rolling = this.#arrivals.filter(({ at }) => at > now - this.#settings.slotWindowMs);
    this.#most = Math.max(this.#most, rolling.length);
    return arrival;
  }

  /** How long until another arrival fits, where `arrival` (already counted) is one too many. */
  excess(arrival: Arrival): Milliseconds | undefined {
    const { slotReading, slotsPerWindow, slotWindowMs, countedCreations } = this.#settings;
    const windowStart = Math.floor(arrival.at / slotWindowMs) * slotWindowMs;
    const inWindow = this.#arrivals.filter(
      ({ at, counts }) =>
        counts &&
        at <= arrival.at &&
        (slotReading === "clock-hour" ? at >= windowStart : at > arrival.at - slotWindowMs),
    );
    if (inWindow.length <= slotsPerWindow) return undefined;
    if (slotReading === "clock-hour") return milliseconds(windowStart + slotWindowMs - arrival.at);
    const staying = countedCreations === "authorised" ? inWindow.length : inWindow.length - 1;
    const leaving = inWindow[staying - slotsPerWindow];
    return milliseconds((leaving?.at ?? arrival.at) + slotWindowMs - arrival.at);
  }

  #forget(now: EpochMs): void {
    // Both readings look back at most one window.
    const first = this.#arrivals.findIndex(({ at }) => at > now - this.#settings.slotWindowMs);
    if (first > 0) this.#arrivals = this.#arrivals.slice(first);
    if (first < 0) this.#arrivals = [];
  }
}
