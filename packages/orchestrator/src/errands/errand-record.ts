/** An errand as it stands in its connection's ledger; the state machine is above `ErrandRequest`. */
import { deathsToQuarantine } from "@headgate/core";
import { z } from "zod";
import { type ErrandRequest, type ErrandView, errandRequestSchema } from "../errands.ts";
import { executed, guarded, type Ledger, runScript } from "../ledger/ledger.ts";
import { connectionOf } from "../ledger/load-record.ts";
import { iso } from "../load-view.ts";
import type { Owner } from "../owner-access.ts";
import { isGenuine, sealOf } from "../seals/seals.ts";

/** How long an errand is kept after it was asked for, and after it has ended: a day. */
const keepSeconds = 24 * 3600;
/** Ended errands of one principal that are kept, the newest: their reports can have megabytes. */
const mostEnded = 500;

const json = z.string().transform((text): unknown => JSON.parse(text));

const errandRecordSchema = z.object({
  request: json.pipe(errandRequestSchema),
  principal: z.string(),
  via: z.string(),
  state: z.enum(["waiting", "running", "done", "failed"]),
  askedAt: z.coerce.number(),
  endedAt: z.coerce.number().optional(),
  /** Workers that have begun it, less those that have left it to another. */
  starts: z.coerce.number().default(0),
  progress: json.pipe(z.object({ sourceObjects: z.number(), bytes: z.number() })).optional(),
  result: json.pipe(z.record(z.string(), z.unknown())).optional(),
  reasonCode: z.string().optional(),
  reasonMessage: z.string().optional(),
});

export type ErrandRecord = z.output<typeof errandRecordSchema> & {
  readonly id: string;
  /** Whether it is as it was asked for. */
  readonly genuine: boolean;
};

/** How an errand ends. */
export type ErrandEnd =
  | { readonly state: "done"; readonly result: object }
  | { readonly state: "failed"; readonly code: string; readonly message: string };

const recordScript = `
local key, open = base .. 'errand:' .. ARGV[1], base .. 'errands-open:' .. ARGV[3]
local keep = tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', open, '-inf', string.format('%.0f', now() - keep * 1000))
if redis.call('ZCARD', open) >= tonumber(ARGV[6]) then return 0 end
redis.call('HSET', key, 'request', ARGV[2], 'principal', ARGV[3], 'via', ARGV[4],
  'state', 'waiting', 'askedAt', string.format('%.0f', now()), 'starts', 0)
if ARGV[7] ~= '' then redis.call('HSET', key, 'seal', ARGV[7]) end
redis.call('ZADD', open, string.format('%.0f', now()), ARGV[1])
redis.call('EXPIRE', key, keep)
redis.call('EXPIRE', open, keep)
return 1
`;

/** Records an errand under a fresh id; false where its principal has `mostOpen` that have not ended. */
export async function recordErrand(
  ledger: Ledger,
  errand: Owner & {
    readonly id: string;
    readonly request: ErrandRequest;
    readonly mostOpen: number;
  },
): Promise<boolean> {
  const { id, principal, via, mostOpen } = errand;
  const request = JSON.stringify(errand.request);
  const recorded = await runScript(ledger, recordScript, [
    id,
    request,
    principal,
    via,
    keepSeconds,
    mostOpen,
    sealOf(ledger, ["errand", id, request, principal, via]),
  ]);
  return recorded === 1;
}

/** The errand, or undefined where there is none (any more). */
export async function readErrand(ledger: Ledger, id: string): Promise<ErrandRecord | undefined> {
  const fields = await guarded(() => ledger.redis.hgetall(`${ledger.base}errand:${id}`));
  if (fields.state === undefined) return undefined;
  const { request = "", principal = "", via = "", seal } = fields;
  const genuine = isGenuine(ledger, ["errand", id, request, principal, via], seal);
  return { ...errandRecordSchema.parse(fields), id, genuine };
}

/** Forgets an errand whose task could not be queued. */
export async function forgetErrand(
  { redis, base }: Ledger,
  { id, principal }: { readonly id: string; readonly principal: string },
): Promise<void> {
  const forget = redis.multi().del(`${base}errand:${id}`);
  await executed(forget.zrem(`${base}errands-open:${principal}`, id));
}

const beginScript = `
local key = base .. 'errand:' .. ARGV[1]
local state = redis.call('HGET', key, 'state')
if state ~= 'waiting' and state ~= 'running' then return state or 'gone' end
if redis.call('HINCRBY', key, 'starts', 1) > tonumber(ARGV[2]) then return 'worn-out' end
redis.call('HSET', key, 'state', 'running')
redis.call('EXPIRE', key, ARGV[3])
return 'running'
`;

const beginAnswer = z.enum(["running", "done", "failed", "gone", "worn-out"]);

/** A worker takes the errand. `worn-out`: too many workers have died of it. */
export async function beginErrand(
  ledger: Ledger,
  id: string,
): Promise<z.output<typeof beginAnswer>> {
  const args = [id, deathsToQuarantine, keepSeconds];
  return beginAnswer.parse(await runScript(ledger, beginScript, args));
}

const leaveScript = `
local key = base .. 'errand:' .. ARGV[1]
if redis.call('HGET', key, 'state') == 'running' then
  redis.call('HSET', key, 'state', 'waiting')
  redis.call('HINCRBY', key, 'starts', -1)
end
return 1
`;

/** A worker that stops leaves the errand to another; that is no death. */
export async function leaveErrand(ledger: Ledger, id: string): Promise<void> {
  await runScript(ledger, leaveScript, [id]);
}

const progressScript = `
local key = base .. 'errand:' .. ARGV[1]
if redis.call('HGET', key, 'state') == 'running' then redis.call('HSET', key, 'progress', ARGV[2]) end
return 1
`;

/** Tells how far the errand is. */
export async function tellErrandProgress(
  ledger: Ledger,
  id: string,
  progress: { readonly sourceObjects: number; readonly bytes: number },
): Promise<void> {
  await runScript(ledger, progressScript, [id, JSON.stringify(progress)]);
}

const endScript = `
local key = base .. 'errand:' .. ARGV[1]
local state = redis.call('HGET', key, 'state')
if state ~= 'waiting' and state ~= 'running' then return 0 end
local t = string.format('%.0f', now())
local principal = redis.call('HGET', key, 'principal')
local ended = base .. 'errands-ended:' .. principal
redis.call('HSET', key, 'state', ARGV[2], 'endedAt', t)
redis.call('ZREM', base .. 'errands-open:' .. principal, ARGV[1])
redis.call('ZADD', ended, t, ARGV[1])
redis.call('EXPIRE', ended, ARGV[5])
if ARGV[2] == 'done' then
  redis.call('HSET', key, 'result', ARGV[3])
else
  redis.call('HSET', key, 'reasonCode', ARGV[3], 'reasonMessage', ARGV[4])
end
redis.call('EXPIRE', key, ARGV[5])
while redis.call('ZCARD', ended) > tonumber(ARGV[6]) do
  redis.call('DEL', base .. 'errand:' .. redis.call('ZPOPMIN', ended)[1])
end
return 1
`;

/** Ends an errand, and forgets its principal's oldest ended ones; false where another worker has ended it before. */
export async function endErrand(ledger: Ledger, id: string, end: ErrandEnd): Promise<boolean> {
  const answer = end.state === "done" ? [JSON.stringify(end.result), ""] : [end.code, end.message];
  const args = [id, end.state, ...answer, keepSeconds, mostEnded];
  const ended = await runScript(ledger, endScript, args);
  return ended === 1;
}

/** The errand as it is shown. */
export function errandView(errand: ErrandRecord): ErrandView {
  const { id, request, principal, state, progress, result } = errand;
  return {
    id,
    kind: request.kind,
    connection: connectionOf(id),
    principal,
    state,
    askedAt: iso(errand.askedAt),
    ...(errand.endedAt === undefined ? {} : { endedAt: iso(errand.endedAt) }),
    ...(progress === undefined ? {} : { progress }),
    ...(result === undefined ? {} : { result }),
    ...(errand.reasonCode === undefined
      ? {}
      : { reason: { code: errand.reasonCode, message: errand.reasonMessage ?? "" } }),
  };
}
