/**
 * Records a load: idempotency key, record, place in line and the wish for a plan task, all or
 * nothing. A load takes its place in line before it is planned, so that order is that of acceptance.
 */
import { objectKey } from "@headgate/core";
import { z } from "zod";
import type { LoadRequest } from "../load-request.ts";
import { type Ledger, retentionSeconds, runScript } from "./ledger.ts";
import { lineFunctions } from "./lua-fragments.ts";

const acceptScript = `
${lineFunctions}
local idempotency, body, keep = ARGV[1], ARGV[2], ARGV[3]
local id, object = ARGV[4], ARGV[5]
if idempotency ~= '' then
  local earlier = redis.call('HMGET', base .. 'idempotency:' .. idempotency, 'body', 'load')
  if earlier[1] then
    if earlier[1] == body then return {'replayed', earlier[2]} end
    return {'conflict', earlier[2]}
  end
  redis.call('HSET', base .. 'idempotency:' .. idempotency, 'body', body, 'load', id)
  redis.call('EXPIRE', base .. 'idempotency:' .. idempotency, keep)
end
local t = string.format('%.0f', now())
local sequence = redis.call('INCR', base .. 'seq')
redis.call('HSET', base .. 'load:' .. id, 'sequence', sequence, 'state', 'accepted',
  'objectKey', object, 'request', ARGV[6], 'principal', ARGV[7], 'via', ARGV[8], 'acceptedAt', t)
if ARGV[9] ~= '' then redis.call('HSET', base .. 'load:' .. id, 'run', ARGV[9]) end
if ARGV[10] ~= '' then
  redis.call('HSET', base .. 'load:' .. id, 'retryOf', ARGV[10])
  local first = base .. 'load:' .. ARGV[10]
  if redis.call('EXISTS', first) == 1 then redis.call('HSET', first, 'retriedAs', id) end
end
redis.call('ZADD', base .. 'loads', t, id)
redis.call('ZADD', base .. 'line:' .. object, sequence, id)
redis.call('SADD', base .. 'outbox', id)
refresh_line(object)
return {'created', id}
`;

const answer = z.tuple([z.enum(["created", "replayed", "conflict"]), z.string()]);

/** Whether the load is new. */
export interface AcceptAnswer {
  readonly kind: "created" | "replayed" | "conflict";
  /** The load made now, or by the earlier request with this key. */
  readonly loadId: string;
}

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

/** Records the load once. `bodyHash` is one of the request. */
export async function recordLoad(
  ledger: Ledger,
  load: LoadMark & {
    readonly id: string;
    readonly request: LoadRequest;
    readonly bodyHash: string;
  },
): Promise<AcceptAnswer> {
  const [kind, loadId] = answer.parse(
    await runScript(ledger, acceptScript, [
      load.idempotency ?? "",
      load.bodyHash,
      retentionSeconds,
      load.id,
      objectKey(load.request),
      JSON.stringify(load.request),
      load.principal,
      load.via,
      load.run ?? "",
      load.retryOf ?? "",
    ]),
  );
  return { kind, loadId };
}
