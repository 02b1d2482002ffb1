/** A bulk job as it stands in Redis, and the fenced way to move it on. */
import { BulkError, bulkJobEnds, bulkJobPhases, isBulkError, remoteStates } from "@headgate/core";
import { z } from "zod";
import { guarded, type Ledger, runScript } from "./ledger.ts";
import { noteBeat } from "./ledger-memory.ts";
import { notReadable } from "./not-readable.ts";
import { textsReply } from "./replies.ts";

const count = z.coerce.number().int().nonnegative();
const bulkJobRecordSchema = z.object({
  /** A stamp, newer with every change; a writer must name the revision it has read. */
  revision: count,
  phase: z.enum(bulkJobPhases),
  sourceName: z.string(),
  object: z.string(),
  objectKey: z.string(),
  operation: z.enum(["upsert", "delete"]),
  claimedAt: count,
  /** Create calls that were or may have been sent. */
  createAttempts: count.default(0),
  createSentAt: count.optional(),
  /**
   * Of the last create call: `unsent`, it surely never left and its slot is used again; `refused`,
   * it surely made nothing; `unknown`, it may have made a bulk job; `unlisted`, it may have, but none
   * was listed in the time that this takes.
   */
  createOutcome: z.enum(["", "unsent", "refused", "unknown", "unlisted"]).default(""),
  remoteId: z.string().optional(),
  remoteState: z.enum(remoteStates).optional(),
  openedAt: count.optional(),
  closedAt: count.optional(),
  /** What was told of a bulk job that the API has been processing for long, see core's slow-processing.ts. */
  lateness: z.enum(["", "slow", "day"]).default(""),
  endedAt: count.optional(),
  end: z.enum(bulkJobEnds).optional(),
  files: count,
  bytes: count,
  /** Index of the next part to upload. */
  next: count.default(0),
  uploadedBytes: count.default(0),
  /** PUTs that were or may have been counted by the API. */
  filesUsed: count.default(0),
  /** Set before a PUT is sent, cleared with its result. */
  uploading: z.enum(["", "1"]).default(""),
  /** Passing faults in a row, of the call that is due. */
  tries: count.default(0),
  abortCode: z.string().optional(),
  abortMessage: z.string().optional(),
  /** Ids of the loads that must fail with the abort, as JSON. */
  abortCulprits: z.string().optional(),
});

export type BulkJobRecord = z.output<typeof bulkJobRecordSchema> & { readonly id: string };

/** A part's place in a bulk job. */
export const bulkJobPartSchema: z.ZodType<{
  readonly load: string;
  readonly part: number;
  readonly bytes: number;
  readonly records: number;
}> = z.object({
  load: z.string(),
  part: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  records: z.number().int().nonnegative(),
});
export type BulkJobPart = z.output<typeof bulkJobPartSchema>;

/** The record, or undefined where there is none (any more). Throws ERR_RECORD_UNREADABLE for a torn one. */
export async function readBulkJob(
  ledger: Ledger,
  bulkJobId: string,
): Promise<BulkJobRecord | undefined> {
  // An id with a colon would name another key.
  if (bulkJobId.includes(":")) return undefined;
  const hash = await guarded(() => ledger.redis.hgetall(`${ledger.base}bulk-job:${bulkJobId}`));
  if (Object.keys(hash).length === 0) return undefined;
  const parsed = bulkJobRecordSchema.safeParse(hash);
  if (!parsed.success) throw notReadable("bulk job", bulkJobId, parsed.error);
  return { ...parsed.data, id: bulkJobId };
}

/** The record for those who only look: a torn one is left out, for its own task tells of it. */
export async function readableBulkJob(
  ledger: Ledger,
  bulkJobId: string,
): Promise<BulkJobRecord | undefined> {
  try {
    return await readBulkJob(ledger, bulkJobId);
  } catch (error) {
    if (isBulkError(error, "ERR_RECORD_UNREADABLE")) return undefined;
    throw error;
  }
}

/** Its parts, in upload order. Throws ERR_RECORD_UNREADABLE where one is torn. */
export async function readBulkJobParts(
  ledger: Ledger,
  bulkJobId: string,
): Promise<readonly BulkJobPart[]> {
  const texts = await guarded(() =>
    ledger.redis.lrange(`${ledger.base}bulk-job:${bulkJobId}:parts`, 0, -1),
  );
  try {
    return texts.map((text) => bulkJobPartSchema.parse(JSON.parse(text)));
  } catch (error) {
    throw notReadable("bulk job", bulkJobId, error);
  }
}

/** Ids of the loads that its parts are of, in upload order. */
export async function loadsOfBulkJob(
  ledger: Ledger,
  bulkJobId: string,
): Promise<readonly string[]> {
  return [...new Set((await readBulkJobParts(ledger, bulkJobId)).map((part) => part.load))];
}

/** Ids of our unfinished bulk jobs, by time of claim. */
export async function unfinishedBulkJobs(ledger: Ledger): Promise<readonly string[]> {
  return await guarded(() => ledger.redis.zrange(`${ledger.base}permits`, "0", "-1"));
}

/** Our bulk job with this remote id, also after its end. */
export async function bulkJobOfRemote(
  ledger: Ledger,
  remoteId: string,
): Promise<string | undefined> {
  return (await guarded(() => ledger.redis.get(`${ledger.base}remote:${remoteId}`))) ?? undefined;
}

/** Our bulk job by its id, or by the API's. */
export async function findOurBulkJob(
  ledger: Ledger,
  id: string,
): Promise<BulkJobRecord | undefined> {
  const record = await readBulkJob(ledger, id);
  if (record !== undefined) return record;
  const ours = await bulkJobOfRemote(ledger, id);
  return ours === undefined ? undefined : await readBulkJob(ledger, ours);
}

const advanceScript = `
local key = base .. 'bulk-job:' .. ARGV[1]
if redis.call('HGET', key, 'revision') ~= ARGV[2] then return {} end
for i = 3, argc, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
local remote = redis.call('HGET', key, 'remoteId')
if remote then redis.call('SET', base .. 'remote:' .. remote, ARGV[1]) end
redis.call('HSET', key, 'revision', stamp())
return redis.call('HGETALL', key)
`;

/**
 * Writes fields of a bulk job that is still at the revision of `record`. Throws ERR_LEDGER_FENCED
 * where another worker has moved it on.
 */
export async function advanceBulkJob(
  ledger: Ledger,
  record: BulkJobRecord,
  fields: Readonly<Record<string, string | number>>,
): Promise<BulkJobRecord> {
  const hash = await runScript(ledger, advanceScript, [
    record.id,
    record.revision,
    ...Object.entries(fields).flat(),
  ]);
  return parseAnswered(ledger, record, hash);
}

/** Parses the HGETALL that a fenced script answers; an empty one means that it was fenced off. */
export function parseAnswered(
  ledger: Ledger,
  record: BulkJobRecord,
  answer: unknown,
): BulkJobRecord {
  const flat = textsReply.parse(answer);
  if (flat.length === 0) throw fenced(record);
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ""] = flat[i + 1] ?? "";
  const moved = { ...bulkJobRecordSchema.parse(fields), id: record.id };
  noteBeat(ledger.memory, moved.revision);
  return moved;
}

function fenced(record: BulkJobRecord): BulkError {
  return new BulkError(
    "ERR_LEDGER_FENCED",
    `bulk job ${record.id} is no longer at revision ${record.revision}: another worker has moved it on`,
    { fields: { bulkJobId: record.id, revision: record.revision } },
  );
}
