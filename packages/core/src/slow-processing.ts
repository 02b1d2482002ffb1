/**
 * When people are told that the API takes its time with a closed bulk job. It keeps its permit and is
 * looked after as before, however long it takes.
 */
import { type Milliseconds, seconds } from "./units.ts";

/** How late a bulk job is. `slow` is told once, `day` once more. */
export type Lateness = "" | "slow" | "day";

/** Bulk jobs that must have completed before their median says anything. */
export const fewestSamples = 5;

/** Shortest time that is ever called slow: small bulk jobs vary by more than twice. */
export const shortestSlowMs: Milliseconds = seconds(600);

const dayMs = seconds(24 * 3600);

/**
 * The lateness of a bulk job that was closed `sinceMs` ago: `slow` from twice the median of `samplesMs`
 * on, which are the processing times of those before it, and `day` from 24 h on.
 */
export function latenessOf(sinceMs: number, samplesMs: readonly number[]): Lateness {
  if (sinceMs >= dayMs) return "day";
  if (samplesMs.length < fewestSamples) return "";
  return sinceMs >= Math.max(2 * medianOf(samplesMs), shortestSlowMs) ? "slow" : "";
}

/** The middle one, or the lower of the two in the middle; 0 of none. */
export function medianOf(samples: readonly number[]): number {
  const ascending = samples.toSorted((a, b) => a - b);
  return ascending[Math.floor((ascending.length - 1) / 2)] ?? 0;
}
