/** Pages through loads, newest first. */
import type { LoadState } from "@headgate/core";
import { z } from "zod";
import { executed, type Ledger } from "./ledger/ledger.ts";
import { type LoadRecord, readLoads } from "./ledger/load-record.ts";
import { loadView } from "./load-view.ts";
import type { LoadFilter } from "./loads.ts";
import {
  type Entry,
  entriesBehind,
  formatCursor,
  type Index,
  type Position,
  parseCursor,
  sizeOf,
} from "./pages.ts";
import type { LoadPage } from "./views.ts";

const defaultLimit = 20;
/** Entries read at a time: at first, and at most; doubles while the page has room. */
const firstChunk = 100;
const largestChunk = 1000;

/** The cursor names the last load of the page before: its instant and id. */
export async function listLoads(ledgers: readonly Ledger[], filter: LoadFilter): Promise<LoadPage> {
  const { limit = defaultLimit } = filter;
  const indexes = await Promise.all(ledgers.map((ledger) => narrowestIndex(ledger, filter)));
  const found: Entry[] = [];
  let last = filter.cursor === undefined ? startOf(filter) : parseCursor(filter.cursor);
  let isMore = true;
  // One more than the page has room for says whether there is a next one.
  for (let chunk = firstChunk; isMore && found.length <= limit; chunk = nextChunk(chunk)) {
    const entries = await entriesBehind(indexes, last, chunk);
    const recent = entries.filter(({ at }) => at >= (filter.since ?? 0));
    found.push(...(await matching(recent, filter)));
    last = entries.at(-1);
    isMore = recent.length === chunk;
  }
  const page = found.slice(0, limit);
  const loads = (await readEntries(page)).map((record) => loadView(record));
  const end = page.at(-1);
  return found.length > limit && end !== undefined
    ? { loads, nextCursor: formatCursor(end) }
    : { loads };
}

function nextChunk(chunk: number): number {
  return Math.min(chunk * 2, largestChunk);
}

/** Of the indexes that hold all that the filter asks for, the one with the fewest entries. */
async function narrowestIndex(ledger: Ledger, filter: LoadFilter): Promise<Index> {
  const { states } = filter;
  const usable = [["loads"], ...(states === undefined ? [] : [states.map(stateIndex)])];
  for (const name of ["sourceName", "object", "operation", "principal", "run"] as const) {
    const value = filter[name];
    if (value !== undefined) usable.push([`loads:${name}:${value}`]);
  }
  const sized = await Promise.all(
    usable.map(async (keys) => ({ keys, size: await sizeOf({ ledger, keys }) })),
  );
  const [narrowest] = sized.toSorted((a, b) => a.size - b.size);
  return { ledger, keys: narrowest?.keys ?? [] };
}

function stateIndex(state: LoadState): string {
  return `loads:state:${state}`;
}

/** `until` itself is left out; no id sorts before the empty one. */
function startOf({ until }: LoadFilter): Position | undefined {
  return until === undefined ? undefined : { at: until, id: "" };
}

/** Those of the entries whose load is there and is asked for; looks at the few fields that matter. */
async function matching(entries: readonly Entry[], filter: LoadFilter): Promise<readonly Entry[]> {
  const marks = await byLedger(entries, async (ledger, ids) => {
    const read = ledger.redis.pipeline();
    for (const id of ids) read.hmget(`${ledger.base}load:${id}`, ...markFields);
    return (await executed(read)).map((values) => marksSchema.parse(values));
  });
  return entries.filter((_, index) => isAskedFor(marks[index], filter));
}

const markFields = ["state", "objectKey", "operation", "principal", "run"] as const;
const mark = z.string().nullable();
const marksSchema = z.tuple([mark, mark, mark, mark, mark]);

function isAskedFor(marks: z.output<typeof marksSchema> | undefined, filter: LoadFilter): boolean {
  const [state = null, objectKey = null, operation, principal, run] = marks ?? [];
  if (state === null || objectKey === null) return false;
  const [sourceName, object] = objectKey.split("/");
  return (
    (filter.states === undefined || filter.states.some((wanted) => wanted === state)) &&
    (filter.sourceName === undefined || sourceName === filter.sourceName) &&
    (filter.object === undefined || object === filter.object) &&
    (filter.operation === undefined || operation === filter.operation) &&
    (filter.principal === undefined || principal === filter.principal) &&
    (filter.run === undefined || run === filter.run)
  );
}

async function readEntries(entries: readonly Entry[]): Promise<readonly LoadRecord[]> {
  const records = await byLedger(entries, async (ledger, ids) => {
    // One that cannot be read is left out; a worker fails it and tells.
    const { loads } = await readLoads(ledger, ids);
    const read = new Map(loads.map((record) => [record.id, record]));
    return ids.map((id) => read.get(id));
  });
  return records.filter((record) => record !== undefined);
}

/** Asks each ledger once, for all of its entries; the answers are in the order of the entries. */
async function byLedger<Answer>(
  entries: readonly Entry[],
  ask: (ledger: Ledger, ids: readonly string[]) => Promise<readonly Answer[]>,
): Promise<readonly (Answer | undefined)[]> {
  const answers = new Map<Entry, Answer | undefined>();
  for (const ledger of new Set(entries.map((entry) => entry.ledger))) {
    const own = entries.filter((entry) => entry.ledger === ledger);
    const answered = await ask(
      ledger,
      own.map(({ id }) => id),
    );
    for (const [index, entry] of own.entries()) answers.set(entry, answered[index]);
  }
  return entries.map((entry) => answers.get(entry));
}
