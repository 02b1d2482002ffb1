/**
 * Claims: a slot, a permit, the object and up to 100 parts become a bulk job, all or nothing. The
 * caller decides by a snapshot; the script commits it only while the object's line is unchanged.
 */
import type {
  BulkError,
  Claim,
  EpochMs,
  Line,
  ObjectKey,
  SlotLimits,
  WaitReason,
} from "@headgate/core";
import { epochMs, limitsLeaving } from "@headgate/core";
import { z } from "zod";
import type { BulkJobPart } from "./bulk-job-record.ts";
import { guarded, type Ledger, runScript } from "./ledger.ts";
import { memoryArguments, noteBeat } from "./ledger-memory.ts";
import { readLoads } from "./load-record.ts";
import { lineFunctions, slotDecision, stateFunction } from "./lua-fragments.ts";

/** A line and the version its object had before it was read. */
export interface VersionedLine extends Line {
  readonly version: string;
  /** Loads of it whose records cannot be read, and why; they are not among `loads`. */
  readonly unreadable: ReadonlyMap<string, BulkError>;
}

/** Objects that have a line, the one with the earliest head first. */
export async function readLines(ledger: Ledger): Promise<readonly ObjectKey[]> {
  const objects = await guarded(() => ledger.redis.zrange(`${ledger.base}lines`, "0", "-1"));
  return objects as ObjectKey[];
}

/** The first `depth` loads of an object's line. */
export async function readLine(
  ledger: Ledger,
  object: ObjectKey,
  depth: number,
): Promise<VersionedLine> {
  const version = await guarded(() => ledger.redis.hget(`${ledger.base}line-versions`, object));
  const ids = await guarded(() =>
    ledger.redis.zrange(`${ledger.base}line:${object}`, "0", String(depth - 1)),
  );
  const { loads: records, unreadable } = await readLoads(ledger, ids);
  const loads = await Promise.all(
    records.map(async (record) => ({
      id: record.id,
      sequence: record.sequence,
      state: record.state,
      operation: record.request.operation,
      parts: record.parts,
      nextPart: record.nextPart,
      returned: await returnedParts(ledger, record.id),
      leaveSlots: record.request.leaveSlots ?? 0,
      mostLoads: record.mostLoads ?? Number.POSITIVE_INFINITY,
    })),
  );
  return { object, loads, version: version ?? "0", unreadable };
}

async function returnedParts(ledger: Ledger, loadId: string): Promise<number[]> {
  const members = await guarded(() =>
    ledger.redis.zrange(`${ledger.base}load:${loadId}:returned`, "0", "-1"),
  );
  return members.map(Number);
}

/** The limits, and what this process remembers, in the order in which `slotDecision` wants them. */
export function slotArguments(
  { memory }: Ledger,
  limits: SlotLimits,
): readonly (string | number)[] {
  return [
    limits.slots,
    limits.windowMs,
    limits.permits,
    limits.reserveSlots,
    limits.reservePermits,
    limits.oneBulkJobPerObject ? 1 : 0,
    ...memoryArguments(memory),
  ];
}

const claimScript = `
${slotDecision}
${lineFunctions}
${stateFunction}
local object, version, id = ARGV[9], ARGV[10], ARGV[11]
local wait = slot_decision(object, 1)
if wait then return {'wait', wait[1], string.format('%.0f', wait[2])} end
if (redis.call('HGET', base .. 'line-versions', object) or '0') ~= version then return {'stale', '', ''} end
local t = string.format('%.0f', now())
local bulk_job = base .. 'bulk-job:' .. id
local files, bytes = 0, 0
for _, entry in ipairs(cjson.decode(ARGV[15])) do
  local key = base .. 'load:' .. entry.load
  if redis.call('ZREM', key .. ':returned', entry.part) == 0 then
    redis.call('HSET', key, 'nextPart', entry.part + 1)
  end
  set_state(entry.load, 'loading')
  redis.call('HINCRBY', key, 'claimedParts', 1)
  redis.call('SADD', key .. ':bulk-jobs', id)
  redis.call('RPUSH', bulk_job .. ':parts', cjson.encode(entry))
  files, bytes = files + 1, bytes + entry.bytes
  local counts = redis.call('HMGET', key, 'nextPart', 'parts')
  if counts[1] == counts[2] and redis.call('EXISTS', key .. ':returned') == 0 then
    redis.call('ZREM', base .. 'line:' .. object, entry.load)
  end
end
refresh_line(object)
redis.call('ZADD', base .. 'slots', t, 'o:' .. id .. ':1')
redis.call('ZADD', base .. 'permits', t, id)
redis.call('HSET', base .. 'live', object, id)
redis.call('ZADD', base .. 'bulk-jobs', t, id)
local revision = stamp()
redis.call('HSET', bulk_job, 'revision', revision, 'phase', 'claimed', 'sourceName', ARGV[12], 'object', ARGV[13],
  'objectKey', object, 'operation', ARGV[14], 'claimedAt', t, 'files', files,
  'bytes', string.format('%.0f', bytes))
return {'granted', '', revision}
`;

const answer = z.tuple([z.enum(["granted", "stale", "wait"]), z.string(), z.coerce.number()]);

/** What became of a claim. */
export type ClaimAnswer =
  | { readonly kind: "granted" }
  /** The line has changed since it was read. */
  | { readonly kind: "stale" }
  | { readonly kind: "wait"; readonly reason: WaitReason; readonly until?: EpochMs };

const waitReasons: z.ZodType<WaitReason> = z.enum([
  "history",
  "gate",
  "object-busy",
  "object-held",
  "permits",
  "window",
]);

/** Commits a claim as bulk job `id`, or says what it waits for. */
export async function commitClaim(
  ledger: Ledger,
  bulkJob: {
    readonly id: string;
    readonly claim: Claim;
    readonly version: string;
    readonly parts: readonly BulkJobPart[];
  },
): Promise<ClaimAnswer> {
  const { claim } = bulkJob;
  const [sourceName = "", object = ""] = claim.object.split("/");
  const [kind, reason, number] = answer.parse(
    await runScript(ledger, claimScript, [
      ...slotArguments(ledger, limitsLeaving(ledger.limits, claim.leaveSlots)),
      claim.object,
      bulkJob.version,
      bulkJob.id,
      sourceName,
      object,
      claim.operation,
      JSON.stringify(bulkJob.parts),
    ]),
  );
  if (kind === "wait") return waitAnswer(reason, number);
  if (kind === "granted") noteBeat(ledger.memory, number);
  return { kind };
}

/** Reads a script's wait answer; an instant below 0 means that none is known. */
export function waitAnswer(
  reason: string,
  until: number,
): { readonly kind: "wait"; readonly reason: WaitReason; readonly until?: EpochMs } {
  const why = waitReasons.parse(reason);
  return until < 0
    ? { kind: "wait", reason: why }
    : { kind: "wait", reason: why, until: epochMs(until) };
}
