/**
 * Cancels a load. Its unclaimed parts leave the line at once; a bulk job that holds only its parts
 * is aborted by the task that runs it, which is fenced off, where parts are going up, from closing
 * it before it has seen that the load is cancelled. A bulk job that is closed, or shared with other
 * loads, can no longer give its files back, so such a load is not cancelled.
 */
import { z } from "zod";
import { type Ledger, retentionOf, runScript } from "./ledger.ts";
import { endLoadFunction, lineFunctions } from "./lua-fragments.ts";

const cancelScript = `
${lineFunctions}
${endLoadFunction}
local id = ARGV[1]
local key = base .. 'load:' .. id
local state = redis.call('HGET', key, 'state')
if not state then return {'not-found', ''} end
if state == 'cancelled' then return {'cancelled', ''} end
if state ~= 'accepted' and state ~= 'waiting' and state ~= 'loading' then return {'refused', state} end
if tonumber(redis.call('HGET', key, 'settledParts') or '0') > 0 then return {'refused', 'partly settled'} end
local uploading = {}
for _, bulk_job in ipairs(redis.call('SMEMBERS', key .. ':bulk-jobs')) do
  local phase = redis.call('HGET', base .. 'bulk-job:' .. bulk_job, 'phase')
  if phase == 'closing' or phase == 'processing' then return {'refused', 'closed'} end
  if phase and phase ~= 'ended' and phase ~= 'aborting' then
    for _, entry in ipairs(redis.call('LRANGE', base .. 'bulk-job:' .. bulk_job .. ':parts', 0, -1)) do
      if cjson.decode(entry).load ~= id then return {'refused', 'shared'} end
    end
    if phase == 'uploading' then uploading[#uploading + 1] = bulk_job end
  end
end
for _, bulk_job in ipairs(uploading) do redis.call('HSET', base .. 'bulk-job:' .. bulk_job, 'revision', stamp()) end
end_load(id, 'cancelled', '', '', ARGV[2])
return {'cancelled', ''}
`;

const answer = z.tuple([z.enum(["cancelled", "refused", "not-found"]), z.string()]);

/** What became of a request to cancel. */
export interface CancelAnswer {
  readonly kind: "cancelled" | "refused" | "not-found";
  /** Why it was refused: the load's state, `closed`, `shared` or `partly settled`. */
  readonly why: string;
}

/** Cancels a load, or says why not. Cancelling twice is cancelling once. */
export async function cancelLoad(ledger: Ledger, loadId: string): Promise<CancelAnswer> {
  const [kind, why] = answer.parse(
    await runScript(ledger, cancelScript, [loadId, retentionOf(ledger)]),
  );
  return { kind, why };
}
