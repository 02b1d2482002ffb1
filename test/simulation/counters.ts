/**
 * What must have happened sometimes: a run in which a fault, a branch or a crash point never came
 * has not tested it.
 */
export interface Counters {
  count(name: string): void;
  readonly counts: ReadonlyMap<string, number>;
}

export function createCounters(): Counters {
  const counts = new Map<string, number>();
  return {
    count: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    counts,
  };
}

/** Adds the counts of one run to those of many. */
export function addCounts(
  sums: Map<string, number>,
  counts: Iterable<readonly [string, number]>,
): void {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
}
