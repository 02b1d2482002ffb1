/** The remote bulk job is known, created now or adopted: parts can go up. */
import type { RemoteBulkJob } from "@headgate/core";
import { advanceBulkJob, type BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { settleGate } from "../ledger/gate.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { rememberPrincipal } from "../ledger/observation.ts";
import type { StepContext, StepResult } from "./context.ts";

/**
 * Moves a bulk job on to uploading, `adopted` or created by this call. Throws ERR_LEDGER_FENCED.
 */
export async function bulkJobOpened(
  context: StepContext,
  record: BulkJobRecord,
  remote: RemoteBulkJob,
  adopted: boolean,
): Promise<StepResult> {
  const { ledger, ports } = context;
  await advanceBulkJob(ledger, record, {
    phase: "uploading",
    remoteId: remote.id,
    remoteState: remote.state,
    openedAt: await ledgerNow(ledger),
    createOutcome: "",
    tries: 0,
  });
  await settleGate(ledger);
  if (remote.createdById !== undefined) await rememberPrincipal(ledger, remote.createdById);
  ports.emit({
    type: "bulk-job.opened",
    bulkJobId: record.id,
    object: record.objectKey,
    remoteId: remote.id,
    adopted,
  });
  return "next";
}
