/** Index entries of records that have expired. */
import type { EpochMs } from "@headgate/core";
import { guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";

/** Entries of an index, and indexes, looked at in one go. */
const batch = 500;
const indexesAtATime = 50;

const forgetScript = `
local key, record, old = base .. ARGV[1], base .. ARGV[2] .. ':', ARGV[3]
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', old, 'LIMIT', 0, ARGV[4])) do
  if redis.call('EXISTS', record .. id) == 0 then redis.call('ZREM', key, id) end
end
if redis.call('EXISTS', key) == 0 then redis.call('SREM', base .. 'load-indexes', ARGV[1]) end
return 1
`;

/**
 * Removes index entries whose record is gone; looks only at those older than the retention, and at
 * some of the narrower indexes at a time.
 */
export async function forgetExpired(ledger: Ledger, now: EpochMs): Promise<void> {
  const { redis, base } = ledger;
  const old = now - retentionOf(ledger) * 1000;
  const narrower = await guarded(() => redis.srandmember(`${base}load-indexes`, indexesAtATime));
  for (const index of ["loads", ...(narrower ?? [])])
    await runScript(ledger, forgetScript, [index, "load", old, batch]);
  await runScript(ledger, forgetScript, ["bulk-jobs", "bulk-job", old, batch]);
}
