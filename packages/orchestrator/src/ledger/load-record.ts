/** A load as it stands in Redis, parsed once on the way in. */
import {
  type BulkError,
  defaultPreflight,
  type Findings,
  isFinalLoadState,
  loadStates,
  noFindings,
  type Part,
  type SourceObject,
} from "@headgate/core";
import { z } from "zod";
import { loadRequestSchema } from "../load-request.ts";
import { openLine, tampered } from "../seals/seals.ts";
import { findingsFromText } from "./findings-text.ts";
import { executed, guarded, type Ledger } from "./ledger.ts";
import { entryFacts, isGenuineManifest, isGenuineRequest } from "./load-seal.ts";
import { notReadable } from "./not-readable.ts";
import { hashReply } from "./replies.ts";

const count = z.coerce.number().int().nonnegative();

const loadRecordSchema = z.object({
  sequence: count,
  state: z.enum(loadStates),
  objectKey: z.string(),
  request: z.string().transform(parsedJson).pipe(loadRequestSchema),
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
  /** Workers that have begun to plan it since the last planning that had an end. */
  planStarts: count.default(0),
  /** Workers that have died, in a row, while they sent a part of it. */
  deaths: count.default(0),
  restarts: count.default(0),
  /** Loads that its bulk jobs may hold, once it was in one of several that has Failed. */
  mostLoads: count.optional(),
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

export type LoadRecord = z.output<typeof loadRecordSchema> & {
  readonly id: string;
  /** Whether its request is as it was accepted; of one that has ended it matters to a retry only. */
  readonly genuine: boolean;
};

/** The name of the connection that an id begins with; "" for what can be none, such as another key's name. */
export function connectionOf(id: string): string {
  return id.includes(":") ? "" : id.slice(0, Math.max(id.lastIndexOf("."), 0));
}

/** The record, or undefined where there is none (any more). Throws ERR_RECORD_UNREADABLE, ERR_RECORD_TAMPERED. */
export async function readLoad(ledger: Ledger, loadId: string): Promise<LoadRecord | undefined> {
  const { loads, unreadable } = await readLoads(ledger, [loadId]);
  const fault = unreadable.get(loadId);
  if (fault !== undefined) throw fault;
  return loads[0];
}

/** Several records; those that are gone are in neither list. */
export interface ReadLoads {
  readonly loads: readonly LoadRecord[];
  /**
   * ERR_RECORD_UNREADABLE or, of a load that has not ended, ERR_RECORD_TAMPERED, by load id: one bad
   * record says nothing of the others.
   */
  readonly unreadable: ReadonlyMap<string, BulkError>;
}

/** Reads several records in one round trip. */
export async function readLoads(ledger: Ledger, loadIds: readonly string[]): Promise<ReadLoads> {
  const loads: LoadRecord[] = [];
  const unreadable = new Map<string, BulkError>();
  if (loadIds.length === 0) return { loads, unreadable };
  const pipeline = ledger.redis.pipeline();
  for (const id of loadIds) pipeline.hgetall(`${ledger.base}load:${id}`);
  const hashes = await executed(pipeline);
  for (const [index, id] of loadIds.entries()) {
    const fields = hashReply.parse(hashes[index] ?? {});
    if (Object.keys(fields).length === 0) continue;
    const parsed = loadRecordSchema.safeParse(fields);
    if (!parsed.success) {
      unreadable.set(id, notReadable("load", id, parsed.error));
      continue;
    }
    const { state } = parsed.data;
    const genuine = isGenuineRequest(ledger, id, fields);
    const isAsWritten = genuine && isGenuineManifest(ledger, id, fields, state);
    if (isAsWritten || isFinalLoadState(state)) loads.push({ ...parsed.data, id, genuine });
    else unreadable.set(id, tampered("load", id));
  }
  return { loads, unreadable };
}

function parsedJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
}

/** What preflight found in a load; nothing before it was planned. */
export async function readFindings(ledger: Ledger, loadId: string): Promise<Findings> {
  const text = await guarded(() => ledger.redis.get(`${ledger.base}load:${loadId}:findings`));
  return text === null ? noFindings(defaultPreflight.policy) : findingsFromText(text);
}

/** One source object of a load by its index. Throws ERR_RECORD_TAMPERED. */
export async function readSource(
  ledger: Ledger,
  loadId: string,
  index: number,
): Promise<SourceObject | undefined> {
  return (await readSourceRange(ledger, loadId, index, index))[0];
}

/** Source objects `first` to `last` of a load, both included. Throws ERR_RECORD_TAMPERED. */
export async function readSourceRange(
  ledger: Ledger,
  loadId: string,
  first: number,
  last: number,
): Promise<readonly SourceObject[]> {
  return (await readList(ledger, loadId, "sources", [first, last])).map(
    (text) => JSON.parse(text) as SourceObject,
  );
}

/** Parts `first` to `last` of a load, both included. Throws ERR_RECORD_TAMPERED. */
export async function readPartRange(
  ledger: Ledger,
  loadId: string,
  first: number,
  last: number,
): Promise<readonly Part[]> {
  return (await readList(ledger, loadId, "parts", [first, last])).map(
    (text) => JSON.parse(text) as Part,
  );
}

async function readList(
  ledger: Ledger,
  loadId: string,
  list: "sources" | "parts",
  [first, last]: readonly [number, number],
): Promise<readonly string[]> {
  const key = `${ledger.base}load:${loadId}:${list}`;
  const lines = await guarded(() => ledger.redis.lrange(key, first, last));
  return lines.map((line, index) => {
    const text = openLine(ledger, entryFacts(loadId, list, first + index), line);
    if (text === undefined) throw tampered("load", loadId);
    return text;
  });
}
