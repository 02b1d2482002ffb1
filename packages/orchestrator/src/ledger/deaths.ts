/**
 * Deaths of workers in a row, counted on the load that they worked on: `planStarts` while it was read,
 * `deaths` while a part of it was sent. Core's quarantine.ts says what they mean.
 */
import { z } from "zod";
import { guarded, type Ledger, runScript } from "./ledger.ts";
import type { LoadRecord } from "./load-record.ts";

const count = z.number().int();

const beginScript = `
local key = base .. 'load:' .. ARGV[1]
if redis.call('HGET', key, 'state') ~= 'accepted' then return 0 end
if tonumber(redis.call('HGET', key, 'planStarts') or 0) ~= tonumber(ARGV[2]) then return 0 end
redis.call('HINCRBY', key, 'planStarts', 1)
return 1
`;

/**
 * A worker begins to plan. False, and nothing is counted, unless the load is still accepted and as many
 * have begun as it says since the last planning that had an end.
 */
export async function beginPlanning(
  ledger: Ledger,
  { id, planStarts }: Pick<LoadRecord, "id" | "planStarts">,
): Promise<boolean> {
  return count.parse(await runScript(ledger, beginScript, [id, planStarts])) === 1;
}

/** The worker has lived to see the end of a planning, however it ended. */
export async function endPlanning(ledger: Ledger, loadId: string): Promise<void> {
  await guarded(() => ledger.redis.hdel(`${ledger.base}load:${loadId}`, "planStarts"));
}

const deathScript = `
local key = base .. 'load:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 0 end
return redis.call('HINCRBY', key, 'deaths', 1)
`;

/** A worker has died while it sent a part of this load. */
export async function countUploadDeath(ledger: Ledger, loadId: string): Promise<void> {
  await runScript(ledger, deathScript, [loadId]);
}

/** A worker has lived to see how the upload of a part of this load ended. */
export async function clearUploadDeaths(ledger: Ledger, loadId: string): Promise<void> {
  await guarded(() => ledger.redis.hdel(`${ledger.base}load:${loadId}`, "deaths"));
}
