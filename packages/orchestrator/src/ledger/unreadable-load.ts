/** The end of a load whose record cannot be read: it leaves line, outbox and indexes, others go on. */
import { type BulkError, reasonCode } from "@headgate/core";
import { z } from "zod";
import { type Ledger, retentionOf, runScript } from "./ledger.ts";
import { endLoadFunction, lineFunctions } from "./lua-fragments.ts";

// The line is looked for, for the record may not say it; the rest is what `end_load` reads.
const failScript = `
${lineFunctions}
${endLoadFunction}
local id = ARGV[1]
local key = base .. 'load:' .. id
if redis.call('EXISTS', key) == 0 then return {'gone', ''} end
local facts = redis.call('HMGET', key, 'state', 'run', 'acceptedAt')
local run = facts[2] or ''
if facts[1] == 'failed' or facts[1] == 'complete' or facts[1] == 'cancelled' then return {facts[1], run} end
for _, object in ipairs(redis.call('ZRANGE', base .. 'lines', 0, -1)) do
  if redis.call('ZREM', base .. 'line:' .. object, id) == 1 then refresh_line(object) end
end
for _, state in ipairs({'accepted', 'waiting', 'loading', 'processing'}) do
  redis.call('ZREM', base .. 'loads:state:' .. state, id)
end
redis.call('HSETNX', key, 'objectKey', '')
redis.call('HSETNX', key, 'principal', '')
if not tonumber(facts[3]) then redis.call('HSET', key, 'acceptedAt', string.format('%.0f', now())) end
end_load(id, 'failed', ARGV[2], ARGV[3], ARGV[4])
return {'failed', run}
`;

const answer = z.tuple([z.enum(["failed", "complete", "cancelled", "gone"]), z.string()]);

/** How such a load has ended, and the run that waits for it, "" for none. */
export interface UnreadableEnd {
  readonly state: z.output<typeof answer>[0];
  readonly run: string;
}

/** Fails a load that has not ended, whatever its record holds. Failing twice is failing once. */
export async function failUnreadableLoad(
  ledger: Ledger,
  loadId: string,
  fault: BulkError,
): Promise<UnreadableEnd> {
  const [state, run] = answer.parse(
    await runScript(ledger, failScript, [
      loadId,
      reasonCode(fault.code),
      fault.message,
      retentionOf(ledger),
    ]),
  );
  return { state, run };
}
