/** When the fleet may have sent create calls of an object: whose a bulk job is that no record names. */
import type { CreateSpan } from "@headgate/core";
import { readableBulkJob } from "./bulk-job-record.ts";
import { guarded, type Ledger } from "./ledger.ts";

/** A bulk job whose create call still waits for its slot was claimed at most this long before: a day. */
const longestWaitMs = 24 * 3_600_000;

/** Those that may have made a bulk job that the API dates `createdAt`. */
export async function createSpans(
  ledger: Ledger,
  { objectKey, createdAt }: { readonly objectKey: string; readonly createdAt: number },
): Promise<readonly CreateSpan[]> {
  const ids = await guarded(() =>
    ledger.redis.zrangebyscore(
      `${ledger.base}bulk-jobs`,
      createdAt - longestWaitMs,
      createdAt + longestWaitMs,
    ),
  );
  const spans: CreateSpan[] = [];
  for (const id of ids) {
    const record = await readableBulkJob(ledger, id);
    if (record?.objectKey !== objectKey || record.createAttempts === 0) continue;
    spans.push({ from: record.claimedAt, to: record.openedAt ?? record.endedAt });
  }
  return spans;
}
