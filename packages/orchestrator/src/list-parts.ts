/** Pages through the parts of a load, by number. */
import { BulkError, type Part } from "@headgate/core";
import { z } from "zod";
import { type BulkJobRecord, readableBulkJob, readBulkJobParts } from "./ledger/bulk-job-record.ts";
import { guarded, type Ledger } from "./ledger/ledger.ts";
import { type LoadRecord, readPartRange, readSource } from "./ledger/load-record.ts";
import type { PartPage, PartView } from "./views.ts";

const defaultLimit = 20;

/** What a bulk job says of a part that it holds. */
type Holding = Pick<PartView, "state" | "bulkJob" | "sha256">;

/** The cursor is the number of the page's first part. */
export async function listParts(
  ledger: Ledger,
  load: LoadRecord,
  { limit = defaultLimit, cursor = "0" }: { readonly limit?: number; readonly cursor?: string },
): Promise<PartPage> {
  if (!/^\d{1,9}$/.test(cursor))
    throw new BulkError("ERR_REQUEST_INVALID", "cursor: not one that an earlier page gave", {
      fields: { field: "cursor" },
    });
  const first = Number(cursor);
  const [parts, holdings] = await Promise.all([
    readPartRange(ledger, load.id, first, first + limit - 1),
    readHoldings(ledger, load.id),
  ]);
  const uris = await readUris(ledger, load.id, parts);
  const next = first + parts.length;
  return {
    parts: parts.map((part) => ({
      number: part.number,
      ...(holdings.get(part.number) ?? { state: "waiting" }),
      bytes: part.bytes,
      records: part.records,
      files: part.segments.map(({ source, range }) => ({
        uri: uris.get(source) ?? "",
        from: range.from,
        to: range.to,
      })),
    })),
    ...(parts.length === limit && next < load.parts ? { nextCursor: String(next) } : {}),
  };
}

/** By part number. Of the bulk jobs that took a part only one holds it, for the others gave it back. */
async function readHoldings(ledger: Ledger, loadId: string): Promise<ReadonlyMap<number, Holding>> {
  const ids = await guarded(() => ledger.redis.smembers(`${ledger.base}load:${loadId}:bulk-jobs`));
  const records = await Promise.all(ids.map((id) => readableBulkJob(ledger, id)));
  const holdings = new Map<number, Holding>();
  for (const record of records) {
    if (record === undefined || !holds(record)) continue;
    const [parts, hashes] = await Promise.all([
      readBulkJobParts(ledger, record.id),
      readHashes(ledger, record.id),
    ]);
    for (const [index, part] of parts.entries())
      if (part.load === loadId)
        holdings.set(part.part, holdingOf(record, index, hashes.get(part.part + part.load)));
  }
  return holdings;
}

/** An ended bulk job has settled its parts or has given them back. */
function holds({ phase, end }: BulkJobRecord): boolean {
  return phase !== "ended" || end === "complete";
}

function holdingOf(record: BulkJobRecord, index: number, sha256: string | undefined): Holding {
  const isUploaded = index < record.next;
  const unfinished = isUploaded ? "uploaded" : "claimed";
  return {
    state: record.end === "complete" ? "settled" : unfinished,
    bulkJob: record.id,
    ...(isUploaded && sha256 !== undefined ? { sha256 } : {}),
  };
}

const receiptSchema = z.object({ load: z.string(), part: z.number(), sha256: z.string() });

/** SHA-256 of what was uploaded, by part and load. */
async function readHashes(ledger: Ledger, bulkJobId: string): Promise<ReadonlyMap<string, string>> {
  const texts = await guarded(() =>
    ledger.redis.lrange(`${ledger.base}bulk-job:${bulkJobId}:receipts`, 0, -1),
  );
  const receipts = texts.map((text) => receiptSchema.parse(JSON.parse(text)));
  return new Map(receipts.map(({ load, part, sha256 }) => [part + load, sha256]));
}

async function readUris(
  ledger: Ledger,
  loadId: string,
  parts: readonly Part[],
): Promise<ReadonlyMap<number, string>> {
  const indexes = [...new Set(parts.flatMap(({ segments }) => segments.map((s) => s.source)))];
  const entries = await Promise.all(
    indexes.map(async (index) => {
      const source = await readSource(ledger, loadId, index);
      return [index, source?.uri ?? ""] as const;
    }),
  );
  return new Map(entries);
}
