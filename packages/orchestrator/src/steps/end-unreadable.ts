/** The task of a load whose record cannot be read. */
import { type BulkError, type Outcome, reasonCode } from "@headgate/core";
import { acknowledgeEnd } from "../ledger/outbox.ts";
import { failUnreadableLoad } from "../ledger/unreadable-load.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";

/** Fails the load where it has not ended, tells how it ended, and lets those behind it go on. */
export async function endUnreadable(
  context: StepContext,
  loadId: string,
  fault: BulkError,
  signal: AbortSignal,
): Promise<Outcome> {
  const { ledger, ports, signals } = context;
  const { state, run } = await failUnreadableLoad(ledger, loadId, fault);
  if (state === "gone") return { kind: "cancel", reason: "the load is gone" };
  tellRefused(context, fault);
  const reason = { code: reasonCode(fault.code), message: fault.message };
  ports.emit({ type: "load.ended", loadId, state, ...(state === "failed" ? reason : {}) });
  if (run !== "") await signals.runChanged(run);
  await acknowledgeEnd(ledger, loadId);
  await claimBulkJobs(context, signal);
  return { kind: "fail", ...reason };
}
