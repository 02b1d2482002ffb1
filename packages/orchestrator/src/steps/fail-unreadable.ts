/**
 * Takes a load whose record cannot be read out of the way of those behind it: torn, or changed by
 * hand. A bulk job that holds parts of it is dropped by its own task; the other loads in it go on.
 */
import type { BulkError } from "@headgate/core";
import { failUnreadableLoad } from "../ledger/unreadable-load.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import type { StepContext } from "./context.ts";

/** Fails the load by name (`fault` is ERR_RECORD_UNREADABLE or ERR_RECORD_TAMPERED) and makes sure of its task, which tells the end. */
export async function failUnreadable(
  context: StepContext,
  loadId: string,
  fault: BulkError,
): Promise<void> {
  const { ledger, signals } = context;
  const { state } = await failUnreadableLoad(ledger, loadId, fault);
  if (state === "failed") tellRefused(context, fault);
  await signals.loadAccepted({ id: loadId, title: loadId });
  await signals.loadEnded(loadId);
}
