/** A load as it stands in Redis, parsed once on the way in. */
import {
  defaultPreflight,
  type Findings,
  loadStates,
  noFindings,
  type Part,
  type SourceObject,
} from "@headgate/core";
import { z } from "zod";
import { loadRequestSchema } from "../load-request.ts";
import { findingsFromText } from "./findings-text.ts";
import { executed, guarded, type Ledger } from "./ledger.ts";

const count = z.coerce.number().int().nonnegative();

const loadRecordSchema = z.object({
  sequence: count,
  state: z.enum(loadStates),
  objectKey: z.string(),
  request: z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .pipe(loadRequestSchema),
  principal: z.string(),
  via: z.string(),
  run: z.string().optional(),
  retryOf: z.string().optional(),
  retriedAs: z.string().optional(),
  findings: count.optional(),
  acceptedAt: count,
  plannedAt: count.optional(),
  endedAt: count.optional(),
  reasonCode: z.string().optional(),
  reasonMessage: z.string().optional(),
  /** The header line that each upsert part begins with; "" for delete and before planning. */
  header: z.string().default(""),
  planTries: count.default(0),
  restarts: count.default(0),
  sourceObjects: count.default(0),
  parts: count.default(0),
  bytes: count.default(0),
  records: count.default(0),
  nextPart: count.default(0),
  /** Parts in unfinished bulk jobs. */
  claimedParts: count.default(0),
  closedParts: count.default(0),
  uploadedParts: count.default(0),
  uploadedBytes: count.default(0),
  uploadedRecords: count.default(0),
  settledParts: count.default(0),
  settledBytes: count.default(0),
  settledRecords: count.default(0),
});

export type LoadRecord = z.output<typeof loadRecordSchema> & { readonly id: string };

/** The name of the connection that an id begins with; "" for what can be none, such as another key's name. */
export function connectionOf(id: string): string {
  return id.includes(":") ? "" : id.slice(0, Math.max(id.lastIndexOf("."), 0));
}

/** The record, or undefined where there is none (any more). */
export async function readLoad(ledger: Ledger, loadId: string): Promise<LoadRecord | undefined> {
  const hash = await guarded(() => ledger.redis.hgetall(`${ledger.base}load:${loadId}`));
  return parseLoad(loadId, hash);
}

/** Several records in one round trip; those that are gone are left out. */
export async function readLoads(
  ledger: Ledger,
  loadIds: readonly string[],
): Promise<readonly LoadRecord[]> {
  if (loadIds.length === 0) return [];
  const pipeline = ledger.redis.pipeline();
  for (const id of loadIds) pipeline.hgetall(`${ledger.base}load:${id}`);
  const hashes = await executed(pipeline);
  return loadIds.flatMap((id, index) => parseLoad(id, hashes[index]) ?? []);
}

function parseLoad(id: string, hash: unknown): LoadRecord | undefined {
  const fields = z.record(z.string(), z.string()).parse(hash ?? {});
  if (Object.keys(fields).length === 0) return undefined;
  return { ...loadRecordSchema.parse(fields), id };
}

/** What preflight found in a load; nothing before it was planned. */
export async function readFindings(ledger: Ledger, loadId: string): Promise<Findings> {
  const text = await guarded(() => ledger.redis.get(`${ledger.base}load:${loadId}:findings`));
  return text === null ? noFindings(defaultPreflight.policy) : findingsFromText(text);
}

/** One source object of a load by its index. */
export async function readSource(
  ledger: Ledger,
  loadId: string,
  index: number,
): Promise<SourceObject | undefined> {
  const text = await guarded(() =>
    ledger.redis.lindex(`${ledger.base}load:${loadId}:sources`, index),
  );
  return text === null ? undefined : (JSON.parse(text) as SourceObject);
}

/** Parts `first` to `last` of a load, both included. */
export async function readPartRange(
  ledger: Ledger,
  loadId: string,
  first: number,
  last: number,
): Promise<readonly Part[]> {
  const texts = await guarded(() =>
    ledger.redis.lrange(`${ledger.base}load:${loadId}:parts`, first, last),
  );
  return texts.map((text) => JSON.parse(text) as Part);
}
