/** Index entries of records that have expired. */
import type { EpochMs } from "@headgate/core";
import { guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";

/** Entries looked at in one script, by and large, and indexes in one round. */
const batch = 500;
const indexesAtATime = 50;

const forgetScript = `
local old, at, looked = ARGV[1], tonumber(ARGV[3]), 0
while at < argc and looked < tonumber(ARGV[2]) do
  local key, record, forgotten = base .. ARGV[at], base .. ARGV[at + 1] .. ':', 0
  local ids = redis.call('ZRANGEBYSCORE', key, '-inf', old, 'LIMIT', 0, ARGV[2])
  for _, id in ipairs(ids) do
    if redis.call('EXISTS', record .. id) == 0 then forgotten = forgotten + redis.call('ZREM', key, id) end
  end
  looked = looked + #ids
  if redis.call('EXISTS', key) == 0 then redis.call('SREM', base .. 'load-indexes', ARGV[at]) end
  if forgotten == 0 then at = at + 2 end
end
return at
`;

/** Where the indexes begin among the script's arguments. */
const firstIndex = 4;

/**
 * Removes index entries whose record is gone; looks only at those older than the retention, and at
 * some of the narrower indexes at a time, each of them to its end: among many narrow indexes a wide
 * one has its turn seldom.
 */
export async function forgetExpired(ledger: Ledger, now: EpochMs): Promise<void> {
  const { redis, base } = ledger;
  const old = now - retentionOf(ledger) * 1000;
  const narrower = await guarded(() => redis.srandmember(`${base}load-indexes`, indexesAtATime));
  const indexes = ["loads", ...(narrower ?? [])].flatMap((index) => [index, "load"]);
  indexes.push("bulk-jobs", "bulk-job");
  for (let at = firstIndex; at < firstIndex + indexes.length; )
    at = Number(await runScript(ledger, forgetScript, [old, batch, at, ...indexes]));
}
