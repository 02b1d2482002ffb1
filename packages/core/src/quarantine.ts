/**
 * Quarantine: work that kills the workers that take it must not take them all. A start is counted
 * before the work and taken back at any end that the worker lives to see, be it success, an error or a
 * stop; what is left are deaths, in a row. A worker that loses its lease counts as dead, for nobody can
 * tell the two apart.
 *
 * What was at work beside the culprit dies with it, and is counted too. So from its first death on each
 * is a suspect and works alone in its process: a further death names it alone, and an innocent one is
 * acquitted by living to see its end. A start is counted when the work begins, not while it waits.
 */
import { type Milliseconds, seconds } from "./units.ts";

/** Workers that one load, or errand, may kill in a row before it fails by name. */
export const deathsToQuarantine = 3;

/** Whether something must work with nothing else at its side: workers have died over it, in a row. */
export function isSuspect(deaths: number): boolean {
  return deaths > 0;
}

/**
 * Whether a load is to blame for the deaths of those that worked on it: three or more in a row, and more
 * than two of three that the fleet had lately. Where workers die of something else, such as too little
 * memory on their machine, they die over any load.
 */
export function isToBlame(deaths: {
  /** In a row, over this load. */
  readonly own: number;
  /** Of the whole fleet within `deathsRememberedMs`, as far as noticed; deaths over the load are among them. */
  readonly fleet: number;
}): boolean {
  return deaths.own >= deathsToQuarantine && 3 * deaths.own > 2 * deaths.fleet;
}

/** How long the death of a worker is held against what killed it: 1 h. */
export const deathsRememberedMs: Milliseconds = seconds(3600);
