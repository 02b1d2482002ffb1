/** Pages through loads, newest first. */
import { BulkError } from "@headgate/core";
import { guarded, type Ledger } from "./ledger/ledger.ts";
import { type LoadRecord, readLoads } from "./ledger/load-record.ts";
import { loadView } from "./load-view.ts";
import type { LoadFilter } from "./loads.ts";
import type { LoadPage } from "./views.ts";

const defaultLimit = 20;
/** Index entries read at a time while a state is searched for. */
const chunk = 100;

interface Entry {
  readonly ledger: Ledger;
  readonly id: string;
  readonly at: number;
}

/** The cursor names the last load of the page before: its instant and id. */
export async function listLoads(ledgers: readonly Ledger[], filter: LoadFilter): Promise<LoadPage> {
  const limit = filter.limit ?? defaultLimit;
  const loads: LoadPage["loads"][number][] = [];
  let last = filter.cursor === undefined ? startOf(filter) : parseCursor(filter.cursor);
  for (;;) {
    const entries = await entriesBefore(ledgers, last);
    for (const { ledger, id, at } of entries) {
      const [record] = await readLoads(ledger, [id]);
      if (filter.since !== undefined && at < filter.since) return { loads };
      if (record !== undefined && matches(record, filter)) {
        if (loads.length === limit && last !== undefined)
          return { loads, nextCursor: formatCursor(last) };
        loads.push(loadView(record));
      }
      last = { at, id };
    }
    if (entries.length < chunk) return { loads };
  }
}

/** `until` itself is left out; no id sorts before the empty one. */
function startOf({ until }: LoadFilter): Position | undefined {
  return until === undefined ? undefined : { at: until, id: "" };
}

function matches(load: LoadRecord, filter: LoadFilter): boolean {
  const { request } = load;
  const { states, sourceName, object, operation, principal, run } = filter;
  return (
    (states === undefined || states.includes(load.state)) &&
    (sourceName === undefined || request.sourceName === sourceName) &&
    (object === undefined || request.object === object) &&
    (operation === undefined || request.operation === operation) &&
    (principal === undefined || load.principal === principal) &&
    (run === undefined || load.run === run)
  );
}

interface Position {
  readonly at: number;
  readonly id: string;
}

/** The next entries of all ledgers together, newest first. */
async function entriesBefore(
  ledgers: readonly Ledger[],
  last: Position | undefined,
): Promise<readonly Entry[]> {
  const entries = await Promise.all(
    ledgers.map(async (ledger) => {
      const sameInstant = last === undefined ? [] : await readIndex(ledger, last.at, last.at);
      const earlier = await readIndex(ledger, last === undefined ? "+inf" : `(${last.at}`, "-inf");
      return [...sameInstant, ...earlier];
    }),
  );
  return entries
    .flat()
    .toSorted(newestFirst)
    .filter((entry) => last === undefined || newestFirst(entry, last) > 0)
    .slice(0, chunk);
}

/** Entries from one instant down to another: all of a single instant, else as many as a chunk has. */
async function readIndex(
  ledger: Ledger,
  from: number | string,
  to: number | string,
): Promise<readonly Entry[]> {
  const count = from === to ? -1 : chunk;
  const key = `${ledger.base}loads`;
  const flat = await guarded(() =>
    ledger.redis.zrevrangebyscore(key, from, to, "WITHSCORES", "LIMIT", 0, count),
  );
  return pairs(flat).map(([id, at]) => ({ ledger, id, at }));
}

function newestFirst(a: Position, b: Position): number {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function pairs(flat: readonly string[]): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([flat[i] ?? "", Number(flat[i + 1])]);
  return found;
}

function formatCursor({ at, id }: Position): string {
  return Buffer.from(JSON.stringify([at, id])).toString("base64url");
}

function parseCursor(cursor: string): Position {
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
