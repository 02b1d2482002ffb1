/** Pages through what several ledgers hold, newest first, by sorted sets whose scores are instants. */
import { BulkError } from "@headgate/core";
import { executed, type Ledger } from "./ledger/ledger.ts";

/** The union of some sorted sets of one ledger; keys are without its base. */
export interface Index {
  readonly ledger: Ledger;
  readonly keys: readonly string[];
}

/** A place in the order: an instant, and the id that tells apart what came at the same one. */
export interface Position {
  readonly at: number;
  readonly id: string;
}

export interface Entry extends Position {
  readonly ledger: Ledger;
}

/** The next `count` entries behind a position; fewer only where there are no more. */
export async function entriesBehind(
  indexes: readonly Index[],
  last: Position | undefined,
  count: number,
): Promise<readonly Entry[]> {
  const read = await Promise.all(indexes.map((index) => readIndex(index, last, count)));
  const seen = new Set<string>();
  return read
    .flat()
    .toSorted(newestFirst)
    .filter((entry) => last === undefined || newestFirst(entry, last) > 0)
    .filter(({ id }) => !seen.has(id) && seen.add(id))
    .slice(0, count);
}

/**
 * All entries of the position's own instant and the next ones behind it. One MULTI reads all keys, so
 * that what moves from one to another meanwhile is not missed.
 */
async function readIndex(
  { ledger, keys }: Index,
  last: Position | undefined,
  count: number,
): Promise<readonly Entry[]> {
  const read = ledger.redis.multi();
  for (const key of keys) {
    const index = `${ledger.base}${key}`;
    if (last !== undefined) read.zrevrangebyscore(index, last.at, last.at, "WITHSCORES");
    const below = last === undefined ? "+inf" : `(${last.at}`;
    read.zrevrangebyscore(index, below, "-inf", "WITHSCORES", "LIMIT", 0, count);
  }
  const replies = (await executed(read)) as readonly (readonly string[])[];
  return replies.flatMap(pairs).map(([id, at]) => ({ ledger, id, at }));
}

/** How many entries the sets of an index have together. */
export async function sizeOf({ ledger, keys }: Index): Promise<number> {
  const read = ledger.redis.multi();
  for (const key of keys) read.zcard(`${ledger.base}${key}`);
  return ((await executed(read)) as readonly number[]).reduce((sum, size) => sum + size, 0);
}

/** Sorts the later instant first, and at one instant the later id. */
export function newestFirst(a: Position, b: Position): number {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function pairs(flat: readonly string[]): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([flat[i] ?? "", Number(flat[i + 1])]);
  return found;
}

/** A cursor that names the last entry of a page. */
export function formatCursor({ at, id }: Position): string {
  return Buffer.from(JSON.stringify([at, id])).toString("base64url");
}

/** Throws ERR_REQUEST_INVALID for a cursor that no page gave. */
export function parseCursor(cursor: string): Position {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [unknown, unknown];
    if (typeof at === "number" && typeof id === "string") return { at, id };
  } catch {
    // Falls through to the one error that every foreign cursor gets.
  }
  throw new BulkError("ERR_REQUEST_INVALID", "cursor: not one that an earlier page gave", {
    fields: { field: "cursor" },
  });
}
