/** How long the API took from close to completion, of the last bulk jobs of a connection. */
import type { BulkJobRecord } from "./bulk-job-record.ts";
import { guarded, type Ledger, runScript } from "./ledger.ts";

/** Times that are kept. */
const kept = 50;

const noteScript = `
local key = base .. 'processing-ms'
redis.call('RPUSH', key, string.format('%.0f', now() - tonumber(ARGV[1])))
if redis.call('LLEN', key) > tonumber(ARGV[2]) then redis.call('LPOP', key) end
return 1
`;

/** Keeps the time of one that has just completed. */
export async function noteProcessing(ledger: Ledger, { closedAt }: BulkJobRecord): Promise<void> {
  if (closedAt === undefined) return;
  await runScript(ledger, noteScript, [closedAt, kept]);
}

/** The times, in milliseconds, the last one last. */
export async function readProcessingTimes(ledger: Ledger): Promise<readonly number[]> {
  const times = await guarded(() => ledger.redis.lrange(`${ledger.base}processing-ms`, 0, -1));
  return times.map(Number);
}
