/** Index entries of records that have expired. */
import type { EpochMs } from "@headgate/core";
import { guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";

/** Entries of an index looked at in one script, and indexes in one round. */
const batch = 500;
const indexesAtATime = 50;

const forgetScript = `
local key, record, old = base .. ARGV[1], base .. ARGV[2] .. ':', ARGV[3]
local forgotten = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', old, 'LIMIT', 0, ARGV[4])) do
  if redis.call('EXISTS', record .. id) == 0 then forgotten = forgotten + redis.call('ZREM', key, id) end
end
if redis.call('EXISTS', key) == 0 then redis.call('SREM', base .. 'load-indexes', ARGV[1]) end
return forgotten
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
    await forgetIn(ledger, { index, record: "load", old });
  await forgetIn(ledger, { index: "bulk-jobs", record: "bulk-job", old });
}

/** To the end, for among many narrow indexes a wide one has its turn seldom. */
async function forgetIn(
  ledger: Ledger,
  from: { readonly index: string; readonly record: string; readonly old: number },
): Promise<void> {
  for (;;) {
    const forgotten = await runScript(ledger, forgetScript, [
      from.index,
      from.record,
      from.old,
      batch,
    ]);
    if (forgotten === 0) return;
  }
}
