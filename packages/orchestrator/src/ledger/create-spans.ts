/** When the fleet may have sent create calls of an object: whose a bulk job is that no record names. */
import type { CreateSpan } from "@headgate/core";
import { z } from "zod";
import { readableBulkJob } from "./bulk-job-record.ts";
import { guarded, type Ledger, runScript } from "./ledger.ts";

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

const knownSinceScript = `
redis.call('SET', base .. 'known-since', string.format('%.0f', now()), 'NX')
return redis.call('GET', base .. 'known-since')
`;

/**
 * The instant from which the ledger knows every create call of the fleet: its first use, or when it
 * was found to have lost data. The first question sets it.
 */
export async function knownSince(ledger: Ledger): Promise<number> {
  return z.coerce.number().parse(await runScript(ledger, knownSinceScript, []));
}
