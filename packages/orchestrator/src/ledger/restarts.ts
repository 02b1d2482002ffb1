/**
 * The share of the window's slots that may go into doing again what was done before. Where bulk jobs
 * are lost or dropped again and again, their objects wait, so that three quarters stay for others.
 */
import { type EpochMs, epochMs, restartsPerWindow } from "@headgate/core";
import { z } from "zod";
import { type Ledger, runScript } from "./ledger.ts";

const noteScript = `
local key, object, allowed, window = base .. 'restarts', ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local t = now()
redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', t - window))
if not redis.call('ZSCORE', key, ARGV[1]) then
  redis.call('ZADD', key, string.format('%.0f', t), ARGV[1])
end
local count = redis.call('ZCARD', key)
if count <= allowed then return '0' end
local leaving = redis.call('ZRANGE', key, count - allowed - 1, count - allowed - 1, 'WITHSCORES')
local open = tonumber(leaving[2]) + window
local held = tonumber(redis.call('HGET', base .. 'holds', object) or '0')
if open > held then redis.call('HSET', base .. 'holds', object, string.format('%.0f', open)) end
return string.format('%.0f', math.max(open, held))
`;

/**
 * Counts a bulk job whose parts have to go again, once. Where the share is used up its object is held,
 * and the instant until which is answered.
 */
export async function noteRestart(
  ledger: Ledger,
  bulkJob: { readonly id: string; readonly objectKey: string },
): Promise<EpochMs | undefined> {
  const { limits } = ledger;
  const until = z.coerce
    .number()
    .parse(
      await runScript(ledger, noteScript, [
        bulkJob.id,
        bulkJob.objectKey,
        restartsPerWindow(limits),
        limits.windowMs,
      ]),
    );
  return until === 0 ? undefined : epochMs(until);
}
