/** Pages through loads, newest first. */
import type { Ledger } from "./ledger/ledger.ts";
import { type LoadRecord, readLoads } from "./ledger/load-record.ts";
import { loadView } from "./load-view.ts";
import type { LoadFilter } from "./loads.ts";
import {
  entriesBehind,
  formatCursor,
  type Index,
  type Position,
  parseCursor,
  sizeOf,
} from "./pages.ts";
import type { LoadPage } from "./views.ts";

const defaultLimit = 20;
/** Entries read at a time at first; doubles while none of them matches, up to the second. */
const firstChunk = 100;
const largestChunk = 1000;

/** The cursor names the last load of the page before: its instant and id. */
export async function listLoads(ledgers: readonly Ledger[], filter: LoadFilter): Promise<LoadPage> {
  const limit = filter.limit ?? defaultLimit;
  const indexes = await Promise.all(ledgers.map((ledger) => narrowestIndex(ledger, filter)));
  const loads: LoadPage["loads"][number][] = [];
  let last = filter.cursor === undefined ? startOf(filter) : parseCursor(filter.cursor);
  for (let chunk = firstChunk; ; chunk = Math.min(chunk * 2, largestChunk)) {
    const entries = await entriesBehind(indexes, last, chunk);
    const records = await readEntries(ledgers, entries);
    for (const { id, at } of entries) {
      if (filter.since !== undefined && at < filter.since) return { loads };
      const record = records.get(id);
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

/** Of the indexes that hold all that the filter asks for, the one with the fewest entries. */
async function narrowestIndex(ledger: Ledger, filter: LoadFilter): Promise<Index> {
  const { states, object, principal, run } = filter;
  const usable = [
    ["loads"],
    states?.map((state) => `loads:state:${state}`),
    object === undefined ? undefined : [`loads:object:${object}`],
    principal === undefined ? undefined : [`loads:principal:${principal}`],
    run === undefined ? undefined : [`loads:run:${run}`],
  ].filter((keys) => keys !== undefined);
  const sized = await Promise.all(
    usable.map(async (keys) => ({ keys, size: await sizeOf({ ledger, keys }) })),
  );
  const [narrowest] = sized.toSorted((a, b) => a.size - b.size);
  return { ledger, keys: narrowest?.keys ?? [] };
}

async function readEntries(
  ledgers: readonly Ledger[],
  entries: readonly { readonly ledger: Ledger; readonly id: string }[],
): Promise<ReadonlyMap<string, LoadRecord>> {
  const read = await Promise.all(
    ledgers.map((ledger) => {
      const own = entries.filter((entry) => entry.ledger === ledger);
      return readLoads(
        ledger,
        own.map(({ id }) => id),
      );
    }),
  );
  return new Map(read.flat().map((record) => [record.id, record]));
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
