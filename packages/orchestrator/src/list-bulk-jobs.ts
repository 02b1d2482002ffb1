/** Bulk jobs of the ledger, and those of other tools in the tenant's last list. */
import type { BulkJobFilter, BulkJobPage, BulkJobs, ListedBulkJob } from "./bulk-jobs.ts";
import { connectionNamed } from "./connection-named.ts";
import {
  type BulkJobRecord,
  findOurBulkJob,
  loadsOfBulkJob,
  readableBulkJob,
} from "./ledger/bulk-job-record.ts";
import { guarded, type Ledger } from "./ledger/ledger.ts";
import { bulkJobView, iso } from "./load-view.ts";
import { entriesBehind, formatCursor, newestFirst, type Position, parseCursor } from "./pages.ts";

const defaultLimit = 20;
/** Entries read at a time. */
const chunk = 100;

/** Bulk jobs of these connections; see `BulkJobs` for what each method promises. */
export function createRedisBulkJobs(ledgers: ReadonlyMap<string, Ledger>): BulkJobs {
  return {
    async list(filter) {
      const { connection } = filter;
      const chosen =
        connection === undefined ? [...ledgers.values()] : [connectionNamed(ledgers, connection)];
      return await listBulkJobs(chosen, filter);
    },
    async get(id) {
      for (const ledger of ledgers.values()) {
        const found = await findBulkJob(ledger, id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** One bulk job by our id or the API's. */
export async function findBulkJob(ledger: Ledger, id: string): Promise<ListedBulkJob | undefined> {
  const ours = await findOurBulkJob(ledger, id);
  if (ours !== undefined) return await listed(ledger, ours);
  const object = await guarded(() => ledger.redis.hget(`${ledger.base}foreign-live`, id));
  return object === null ? undefined : foreignBulkJob(ledger, id, object);
}

/** Foreign ones have no instant of their own; at this one they stand before all of ours. */
const foreignAt = Number.MAX_SAFE_INTEGER;

interface Listing extends Position {
  read(): Promise<ListedBulkJob | undefined>;
}

async function listBulkJobs(
  ledgers: readonly Ledger[],
  filter: BulkJobFilter,
): Promise<BulkJobPage> {
  const limit = filter.limit ?? defaultLimit;
  const bulkJobs: ListedBulkJob[] = [];
  let last = filter.cursor === undefined ? undefined : parseCursor(filter.cursor);
  for (;;) {
    const listings = await listingsBehind(ledgers, filter, last);
    for (const { at, id, read } of listings) {
      const bulkJob = await read();
      if (bulkJob !== undefined && (filter.phase === undefined || bulkJob.phase === filter.phase)) {
        if (bulkJobs.length === limit && last !== undefined)
          return { bulkJobs, nextCursor: formatCursor(last) };
        bulkJobs.push(bulkJob);
      }
      last = { at, id };
    }
    if (listings.length < chunk) return { bulkJobs };
  }
}

async function listingsBehind(
  ledgers: readonly Ledger[],
  { owner, phase }: BulkJobFilter,
  last: Position | undefined,
): Promise<readonly Listing[]> {
  const listings: Listing[] = [];
  if (owner !== "ours" && phase === undefined && (last === undefined || last.at === foreignAt))
    for (const ledger of ledgers) listings.push(...(await foreignListings(ledger)));
  if (owner !== "foreign") {
    // Only the few unfinished ones hold a permit.
    const key = phase === undefined || phase === "ended" ? "bulk-jobs" : "permits";
    const indexes = ledgers.map((ledger) => ({ ledger, keys: [key] }));
    for (const { ledger, id, at } of await entriesBehind(indexes, last, chunk))
      listings.push({
        id,
        at,
        async read() {
          const record = await readableBulkJob(ledger, id);
          return record === undefined ? undefined : await listed(ledger, record);
        },
      });
  }
  return listings
    .toSorted(newestFirst)
    .filter((listing) => last === undefined || newestFirst(listing, last) > 0)
    .slice(0, chunk);
}

async function foreignListings(ledger: Ledger): Promise<readonly Listing[]> {
  const seen = await guarded(() => ledger.redis.hgetall(`${ledger.base}foreign-live`));
  return Object.entries(seen).map(([remoteId, object]) => ({
    at: foreignAt,
    id: `${ledger.connection}.${remoteId}`,
    read: async () => foreignBulkJob(ledger, remoteId, object),
  }));
}

function foreignBulkJob(ledger: Ledger, remoteId: string, objectKey: string): ListedBulkJob {
  const [sourceName = "", object = ""] = objectKey.split("/");
  return { connection: ledger.connection, owner: "foreign", remoteId, sourceName, object };
}

async function listed(ledger: Ledger, record: BulkJobRecord): Promise<ListedBulkJob> {
  return {
    ...bulkJobView(record),
    connection: ledger.connection,
    owner: "ours",
    sourceName: record.sourceName,
    object: record.object,
    claimedAt: iso(record.claimedAt),
    ...(record.endedAt === undefined ? {} : { endedAt: iso(record.endedAt) }),
    loads: await loadsOfBulkJob(ledger, record.id),
  };
}
