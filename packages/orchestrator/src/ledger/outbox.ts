/** Loads that are recorded and whose task is not known to be queued. */
import { guarded, type Ledger } from "./ledger.ts";
import { type LoadRecord, readLoads } from "./load-record.ts";

/** Loads looked at in one go. */
const batch = 200;

export async function readOutbox(ledger: Ledger): Promise<readonly LoadRecord[]> {
  const ids = await guarded(() => ledger.redis.srandmember(`${ledger.base}outbox`, batch));
  return await readLoads(ledger, ids ?? []);
}

/** The load's task is queued. */
export async function leaveOutbox(ledger: Ledger, loadId: string): Promise<void> {
  await guarded(() => ledger.redis.srem(`${ledger.base}outbox`, loadId));
}
