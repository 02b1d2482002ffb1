/**
 * A schedule as it stands in Redis. Every change gives it a revision that no schedule has had, so that
 * runs are recorded for the schedule that was read and for no other, not even a later one of its name.
 */
import { BulkError, type EpochMs, epochMs } from "@headgate/core";
import { z } from "zod";
import { executed, guarded, type Ledger, runScript } from "../ledger/ledger.ts";
import { hashReply } from "../ledger/replies.ts";
import { type ScheduleSpec, scheduleNamePattern, scheduleSchema } from "../schedule-spec.ts";
import { isGenuine, sealOf } from "../seals/seals.ts";

/** Owner of the schedules of headgate.yaml; no client can have this name. */
export const fileOwner = "headgate.yaml";

const scheduleRecordSchema = z.object({
  revision: z.string(),
  origin: z.enum(["file", "api"]),
  principal: z.string(),
  paused: z.literal("1").optional(),
  /** Instants up to this one have started their runs. */
  lastDue: z.coerce.number().transform(epochMs),
  spec: z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .pipe(scheduleSchema),
});

export type ScheduleRecord = z.output<typeof scheduleRecordSchema> & {
  readonly name: string;
  /** Whether origin, owner and spec are as they were written; runs are recorded of no other. */
  readonly genuine: boolean;
};

/** The record, or undefined where there is none. */
export async function readSchedule(
  ledger: Ledger,
  name: string,
): Promise<ScheduleRecord | undefined> {
  if (!scheduleNamePattern.test(name)) return undefined;
  return parseSchedule(
    ledger,
    name,
    await guarded(() => ledger.redis.hgetall(keyOf(ledger, name))),
  );
}

/** Every schedule of the connection, by name. */
export async function readSchedules(ledger: Ledger): Promise<readonly ScheduleRecord[]> {
  const names = await guarded(() => ledger.redis.smembers(`${ledger.base}schedules`));
  if (names.length === 0) return [];
  const sorted = names.toSorted();
  const pipeline = ledger.redis.pipeline();
  for (const name of sorted) pipeline.hgetall(keyOf(ledger, name));
  const hashes = await executed(pipeline);
  return sorted.flatMap((name, index) => parseSchedule(ledger, name, hashes[index]) ?? []);
}

/** Instants of a paused or switched off schedule start nothing. */
export function isAsleep({ paused, spec }: ScheduleRecord): boolean {
  return paused === "1" || !spec.enabled;
}

const writeScript = `
local name, origin, mode = ARGV[1], ARGV[2], ARGV[5]
local key = base .. 'schedule:' .. name
local seal = ARGV[7]
local before = redis.call('HMGET', key, 'origin', 'spec', 'principal', 'seal')
if before[1] and mode == 'create' then return 'exists' end
if before[1] == origin and before[2] == ARGV[4] and before[3] == ARGV[3]
  and (before[4] or '') == seal then return 'same' end
local due = math.max(tonumber(ARGV[6]) or now(), tonumber(redis.call('HGET', key, 'lastDue') or 0))
redis.call('HSET', key, 'origin', origin, 'principal', ARGV[3], 'spec', ARGV[4],
  'lastDue', string.format('%.0f', due), 'seal', seal)
redis.call('HSET', key, 'revision', stamp())
redis.call('SADD', base .. 'schedules', name)
if not before[1] then return 'added' end
return before[1] == origin and 'changed' or 'replaced'
`;

/** What became of a write; `replaced` where the name was the API's and is now the file's. */
export type ScheduleWrite = "exists" | "same" | "added" | "changed" | "replaced";

/**
 * Writes a schedule; its instants count from `countFrom` on, by default now, and after those that have
 * started runs. `create` leaves one that is there alone
 * (`exists`); `put` changes its spec, origin and owner and leaves it paused where it was.
 */
export async function writeSchedule(
  ledger: Ledger,
  schedule: {
    readonly name: string;
    readonly origin: "file" | "api";
    readonly principal: string;
    readonly spec: ScheduleSpec;
    readonly countFrom?: EpochMs;
  },
  mode: "create" | "put",
): Promise<ScheduleWrite> {
  const { name, origin, principal, countFrom = "" } = schedule;
  const spec = JSON.stringify(schedule.spec);
  return z
    .enum(["exists", "same", "added", "changed", "replaced"])
    .parse(
      await runScript(ledger, writeScript, [
        ...[name, origin, principal, spec, mode],
        countFrom,
        sealOf(ledger, ["schedule", name, origin, principal, spec]),
      ]),
    );
}

const removeScript = `
local key = base .. 'schedule:' .. ARGV[1]
local origin = redis.call('HGET', key, 'origin')
if not origin then return 'gone' end
if origin ~= ARGV[2] then return 'fixed' end
redis.call('DEL', key)
redis.call('SREM', base .. 'schedules', ARGV[1])
return 'removed'
`;

/** Removes a schedule of this origin; `fixed` where it has the other. Its runs go on. */
export async function removeSchedule(
  ledger: Ledger,
  name: string,
  origin: "file" | "api",
): Promise<"gone" | "fixed" | "removed"> {
  return z
    .enum(["gone", "fixed", "removed"])
    .parse(await runScript(ledger, removeScript, [name, origin]));
}

const pauseScript = `
local key = base .. 'schedule:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 'gone' end
local paused = redis.call('HEXISTS', key, 'paused') == 1
if paused == (ARGV[2] == '1') then return 'same' end
if paused then
  redis.call('HDEL', key, 'paused')
  redis.call('HSET', key, 'lastDue', string.format('%.0f', now()))
else
  redis.call('HSET', key, 'paused', '1')
end
redis.call('HSET', key, 'revision', stamp())
return 'changed'
`;

/** Pauses a schedule or lets it go on; instants of the pause are never made up for. */
export async function setPaused(
  ledger: Ledger,
  name: string,
  paused: boolean,
): Promise<"gone" | "same" | "changed"> {
  return z
    .enum(["gone", "same", "changed"])
    .parse(await runScript(ledger, pauseScript, [name, paused ? 1 : 0]));
}

/** An ERR_SCHEDULE_NOT_FOUND. */
export function noSchedule(name: string): BulkError {
  const shown = name.slice(0, 100);
  return new BulkError("ERR_SCHEDULE_NOT_FOUND", `there is no schedule "${shown}"`, {
    fields: { schedule: shown },
  });
}

function keyOf(ledger: Ledger, name: string): string {
  return `${ledger.base}schedule:${name}`;
}

function parseSchedule(ledger: Ledger, name: string, hash: unknown): ScheduleRecord | undefined {
  const fields = hashReply.parse(hash ?? {});
  if (Object.keys(fields).length === 0) return undefined;
  const { origin = "", principal = "", spec = "", seal } = fields;
  const genuine = isGenuine(ledger, ["schedule", name, origin, principal, spec], seal);
  return { ...scheduleRecordSchema.parse(fields), name, genuine };
}
