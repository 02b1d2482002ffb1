/**
 * Two notes that bridge a crash between the ledger and the queues: loads whose task is not known to
 * be queued, and loads that have ended and whose task may not know it yet.
 */
import { guarded, type Ledger } from "./ledger.ts";
import { type ReadLoads, readLoads } from "./load-record.ts";

/** Loads looked at in one go. */
const batch = 200;

/** Loads without a known task. */
export async function readOutbox(ledger: Ledger): Promise<ReadLoads> {
  const ids = await guarded(() => ledger.redis.srandmember(`${ledger.base}outbox`, batch));
  return await readLoads(ledger, ids ?? []);
}

/** The load's task is queued. */
export async function leaveOutbox(ledger: Ledger, loadId: string): Promise<void> {
  await guarded(() => ledger.redis.srem(`${ledger.base}outbox`, loadId));
}

/** Ids of loads that have ended and whose task has not said so. */
export async function readEnded(ledger: Ledger): Promise<readonly string[]> {
  return (await guarded(() => ledger.redis.srandmember(`${ledger.base}ended`, batch))) ?? [];
}

/** The load's task has said how the load ended, or there is no such task. */
export async function acknowledgeEnd(ledger: Ledger, loadId: string): Promise<void> {
  await guarded(() => ledger.redis.srem(`${ledger.base}ended`, loadId));
}
