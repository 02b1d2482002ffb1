/**
 * Records a load: record, indexes, place in line and the wish for a plan task, all or nothing. A load
 * takes its place in line before it is planned, so that order is that of acceptance.
 */
import { objectKey } from "@headgate/core";
import { z } from "zod";
import type { LoadRequest } from "../load-request.ts";
import { sealOf } from "../seals/seals.ts";
import { guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";
import { loadFacts } from "./load-seal.ts";
import { lineFunctions, stateFunction } from "./lua-fragments.ts";

const acceptScript = `
${lineFunctions}
${stateFunction}
local id, object, request, principal, via = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local run, retry_of, most_pending = ARGV[6], ARGV[7], tonumber(ARGV[8])
local idempotency, keep = ARGV[9], ARGV[10]
local source_name, object_name, operation, seal = ARGV[11], ARGV[12], ARGV[13], ARGV[14]
if idempotency ~= '' then
  local settled = redis.call('HGET', base .. 'idempotency:' .. idempotency, id)
  if settled then return settled end
end
if run ~= '' and retry_of == '' then
  local record = redis.call('HGET', base .. 'run:' .. run, 'record')
  if record and cjson.decode(record).state ~= 'running' then return 'run-over' end
end
if redis.call('SCARD', base .. 'pending:' .. principal) >= most_pending then return 'full' end
if idempotency ~= '' then
  redis.call('HSET', base .. 'idempotency:' .. idempotency, id, 'made')
  redis.call('EXPIRE', base .. 'idempotency:' .. idempotency, keep)
end
local t = string.format('%.0f', now())
local sequence = redis.call('INCR', base .. 'seq')
redis.call('HSET', base .. 'load:' .. id, 'sequence', sequence, 'objectKey', object,
  'operation', operation, 'request', request, 'principal', principal, 'via', via, 'acceptedAt', t)
if seal ~= '' then redis.call('HSET', base .. 'load:' .. id, 'seal', seal) end
local function index(key)
  redis.call('ZADD', base .. key, t, id)
  redis.call('SADD', base .. 'load-indexes', key)
end
index('loads:sourceName:' .. source_name)
index('loads:object:' .. object_name)
index('loads:operation:' .. operation)
index('loads:principal:' .. principal)
if run ~= '' then
  redis.call('HSET', base .. 'load:' .. id, 'run', run)
  index('loads:run:' .. run)
end
if retry_of ~= '' then
  redis.call('HSET', base .. 'load:' .. id, 'retryOf', retry_of)
  if redis.call('EXISTS', base .. 'load:' .. retry_of) == 1 then
    redis.call('HSET', base .. 'load:' .. retry_of, 'retriedAs', id)
  end
end
set_state(id, 'accepted')
redis.call('ZADD', base .. 'loads', t, id)
redis.call('SADD', base .. 'pending:' .. principal, id)
redis.call('ZADD', base .. 'line:' .. object, sequence, id)
redis.call('SADD', base .. 'outbox', id)
refresh_line(object)
return 'created'
`;

/**
 * `made`: there is this load already, by an earlier request with the same key. `revoked`: another
 * request has taken the key over. `full`: its principal has as many unfinished loads as it may have.
 * `run-over`: its run has ended or was cancelled, which cancels the loads that it has made until then.
 */
export type AcceptAnswer = "created" | "made" | "revoked" | "full" | "run-over";

const answer: z.ZodType<AcceptAnswer> = z.enum(["created", "made", "revoked", "full", "run-over"]);

/** Where a load comes from. */
export interface LoadMark {
  readonly principal: string;
  readonly via: string;
  /** Hash of caller and key; undefined where the load is not idempotent. */
  readonly idempotency: string | undefined;
  /** The run of a schedule that brings it. */
  readonly run?: string | undefined;
  /** The load that it brings again. */
  readonly retryOf?: string | undefined;
}

/** Records a load, once under an id; not where its principal has `mostPending` unfinished loads in this ledger. */
export async function recordLoad(
  ledger: Ledger,
  load: LoadMark & {
    readonly id: string;
    readonly request: LoadRequest;
    readonly mostPending: number;
  },
): Promise<AcceptAnswer> {
  const object = objectKey(load.request);
  const request = JSON.stringify(load.request);
  return answer.parse(
    await runScript(ledger, acceptScript, [
      load.id,
      object,
      request,
      load.principal,
      load.via,
      load.run ?? "",
      load.retryOf ?? "",
      Math.min(load.mostPending, Number.MAX_SAFE_INTEGER),
      load.idempotency ?? "",
      retentionOf(ledger),
      load.request.sourceName,
      load.request.object,
      load.request.operation,
      sealOf(ledger, loadFacts(load.id, { ...load, request, objectKey: object })),
    ]),
  );
}

/** How many loads of a principal have not ended. */
export async function pendingLoads(ledger: Ledger, principal: string): Promise<number> {
  return await guarded(() => ledger.redis.scard(`${ledger.base}pending:${principal}`));
}
