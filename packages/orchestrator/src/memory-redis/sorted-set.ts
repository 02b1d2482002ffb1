/** A sorted set: by score, and at one score by the bytes of the member. Plain data, so that it can be cloned. */

export interface SortedSet {
  readonly scores: Map<string, number>;
  /** Members in their order. */
  readonly order: string[];
}

export function createSortedSet(): SortedSet {
  return { scores: new Map(), order: [] };
}

/** Adds a member or moves it to another score. Answers whether it is new. */
export function put(set: SortedSet, member: string, score: number): boolean {
  if (set.scores.get(member) === score) return false;
  const isNew = !remove(set, member);
  set.order.splice(placeOf(set, score, member), 0, member);
  set.scores.set(member, score);
  return isNew;
}

/** Answers whether the member was there. */
export function remove(set: SortedSet, member: string): boolean {
  const score = set.scores.get(member);
  if (score === undefined) return false;
  set.order.splice(placeOf(set, score, member), 1);
  set.scores.delete(member);
  return true;
}

export interface ScoreBound {
  readonly score: number;
  readonly isExclusive: boolean;
}

/** Members whose scores are within both bounds, in their order. */
export function between(set: SortedSet, min: ScoreBound, max: ScoreBound): readonly string[] {
  const from = firstWhere(set, (score) =>
    min.isExclusive ? score > min.score : score >= min.score,
  );
  const to = firstWhere(set, (score) => (max.isExclusive ? score >= max.score : score > max.score));
  return set.order.slice(from, to);
}

function placeOf(set: SortedSet, score: number, member: string): number {
  return firstWhere(set, (other, text) => {
    return other > score || (other === score && compareBytes(text, member) >= 0);
  });
}

/** Index of the first member that `holds`, which must hold for all behind it too. */
function firstWhere(
  { scores, order }: SortedSet,
  holds: (score: number, member: string) => boolean,
): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const member = order[middle] ?? "";
    if (holds(scores.get(member) ?? Number.NaN, member)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The order of the UTF-8 bytes of two texts. */
export function compareBytes(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others, and so sort last. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
