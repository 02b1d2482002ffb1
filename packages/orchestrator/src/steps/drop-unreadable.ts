/** The task of a bulk job whose record cannot be read. */
import { type BulkError, isBulkError, type Outcome, reasonCode, seconds } from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import { endUnreadableBulkJob, remoteOfUnreadable } from "../ledger/unreadable-bulk-job.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";
import { later } from "./later.ts";

/** Pause before the abort is tried again. */
const abortPauseMs = seconds(30);

/**
 * Aborts it at the API, where that still goes; then ends it, fails its loads by name, and lets the
 * others go on. Its permit stays taken until the API has answered.
 */
export async function dropUnreadable(
  context: StepContext,
  bulkJobId: string,
  fault: BulkError,
  signal: AbortSignal,
): Promise<Outcome> {
  const { ledger, ports, signals } = context;
  const remoteId = await remoteOfUnreadable(ledger, bulkJobId);
  try {
    if (remoteId !== undefined) await ports.ingestion.abort(remoteId, { signal });
  } catch (error) {
    if (signal.aborted || !isBulkError(error)) throw error;
    if (error.code !== "ERR_API_NOT_FOUND" && error.code !== "ERR_API_CONFLICT")
      return later(await ledgerNow(ledger), abortPauseMs, `abort met ${error.code}`);
  }
  const failed = await endUnreadableBulkJob(ledger, { id: bulkJobId, remoteId, fault });
  const { connection } = ledger;
  const { message } = fault;
  ports.emit({ type: "record.unreadable", connection, what: "bulk job", id: bulkJobId, message });
  for (const loadId of failed) await signals.loadEnded(loadId);
  await claimBulkJobs(context, signal);
  return { kind: "fail", code: reasonCode(fault.code), message };
}
