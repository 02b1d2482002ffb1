/** The list call that serves the whole fleet: made by one worker at a time, and not too often. */
import { ledgerNow } from "../ledger/ledger.ts";
import {
  readObservation,
  recordObservation,
  releaseObserving,
  takeObserving,
} from "../ledger/observation.ts";
import type { StepContext } from "./context.ts";
import { listTenant } from "./list-tenant.ts";

/**
 * Makes sure that the tenant was listed within the last `maxAgeMs`; false where another worker is
 * just doing so.
 */
export async function observeTenant(
  context: StepContext,
  maxAgeMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { ledger, ports } = context;
  const { at } = await readObservation(ledger, "");
  if ((await ledgerNow(ledger)) - at < maxAgeMs) return true;
  const token = ports.chance.newId();
  if (!(await takeObserving(ledger, token))) return false;
  try {
    const unfinished = await recordObservation(ledger, await listTenant(ports, signal));
    if (unfinished > 0)
      ports.emit({ type: "foreign.seen", connection: ledger.connection, unfinished });
    return true;
  } finally {
    await releaseObserving(ledger, token);
  }
}
