/** Doubled keys: all counted, the first ones by place kept, whatever the order in which they are found. */
import { maxFindingsKept } from "@headgate/core";
import type { KeyPlace } from "./key-entries.ts";

/** A key that came before, and where. */
export interface DoubledKey extends KeyPlace {
  readonly first: KeyPlace;
}

export interface DoubledList {
  add(doubled: DoubledKey): void;
  /** Takes over what another list has counted and kept. */
  merge(other: DoubledList): void;
  readonly count: number;
  /** The first 1,000 in the load's order. */
  first(): readonly DoubledKey[];
}

/** An empty list. */
export function createDoubledList(): DoubledList {
  let count = 0;
  let kept: DoubledKey[] = [];
  /** The last one that can still be among the first. */
  let bound: DoubledKey | undefined;
  function keep(doubled: DoubledKey): void {
    if (bound !== undefined && byPlace(doubled, bound) > 0) return;
    kept.push(doubled);
    if (kept.length < 2 * maxFindingsKept) return;
    kept = firstOf(kept);
    bound = kept.at(-1);
  }
  return {
    add(doubled) {
      count++;
      keep(doubled);
    },
    merge(other) {
      count += other.count;
      for (const doubled of other.first()) keep(doubled);
    },
    get count() {
      return count;
    },
    first: () => firstOf(kept),
  };
}

function firstOf(doubled: readonly DoubledKey[]): DoubledKey[] {
  return doubled.toSorted(byPlace).slice(0, maxFindingsKept);
}

function byPlace(a: KeyPlace, b: KeyPlace): number {
  return a.source - b.source || a.line - b.line;
}
