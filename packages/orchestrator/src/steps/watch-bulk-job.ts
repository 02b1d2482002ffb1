/**
 * Waits for the end of a closed bulk job. One list call serves all bulk jobs of the connection;
 * only one that has left the list is asked after by itself.
 */
import { assertNever, isBulkError, type RemoteState } from "@headgate/core";
import { advanceBulkJob, type BulkJobRecord, readBulkJobParts } from "../ledger/bulk-job-record.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { readObservation } from "../ledger/observation.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { completeEnding, failedEnding, finishBulkJob, lostEnding } from "./finish-bulk-job.ts";
import { later } from "./later.ts";
import { observeTenant } from "./observe-tenant.ts";

export async function watchBulkJob(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports } = context;
  const remoteId = record.remoteId ?? "";
  const now = await ledgerNow(ledger);
  const intervalMs = pollInterval(context, record, now);
  try {
    await observeTenant(context, intervalMs, signal);
    const seen = await readObservation(ledger, remoteId);
    if (
      seen.state !== undefined ||
      seen.at < (record.closedAt ?? 0) ||
      now - seen.at > 2 * intervalMs
    )
      return later(
        now,
        intervalMs,
        `the API has it as ${seen.state ?? record.remoteState ?? "closed"}`,
      );
    const remote = await ports.ingestion.info(remoteId, { signal });
    return await seenAs(context, record, remote.state, signal);
  } catch (error) {
    if (!isBulkError(error)) throw error;
    if (error.code === "ERR_API_NOT_FOUND")
      return await finishBulkJob(
        context,
        record,
        lostEnding("the API no longer has the bulk job"),
        signal,
      );
    if (error.code === "ERR_LEDGER_FENCED" || error.code === "ERR_REDIS_AWAY") throw error;
    return await waitAndRetry(context, record, "watch", error);
  }
}

/** A tenth of the time since the close, within the configured bounds. */
function pollInterval({ settings }: StepContext, record: BulkJobRecord, now: number): number {
  const since = now - (record.closedAt ?? now);
  return Math.min(Math.max(since / 10, settings.pollMinMs), settings.pollMaxMs);
}

async function seenAs(
  context: StepContext,
  record: BulkJobRecord,
  state: RemoteState,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports, settings } = context;
  ports.emit({
    type: "bulk-job.seen",
    bulkJobId: record.id,
    object: record.objectKey,
    remoteState: state,
  });
  switch (state) {
    case "JobComplete":
      return await finishBulkJob(context, record, completeEnding, signal);
    case "Failed": {
      const parts = await readBulkJobParts(ledger, record.id);
      const message = `the API reports bulk job ${record.remoteId} of ${record.objectKey} as Failed; the data stream's refresh history says why`;
      const ending = failedEnding(
        "failed",
        { code: "ERR_BULK_JOB_FAILED", message },
        parts.map((part) => part.load),
      );
      return await finishBulkJob(context, record, { ...ending, remoteState: state }, signal);
    }
    case "Aborted":
      return await finishBulkJob(
        context,
        record,
        lostEnding("someone else has aborted the bulk job"),
        signal,
      );
    case "Open":
    case "UploadComplete":
    case "InProgress":
      await advanceBulkJob(ledger, record, { remoteState: state, tries: 0 });
      return later(await ledgerNow(ledger), settings.pollMinMs, `the API has it as ${state}`);
    default:
      return assertNever(state);
  }
}
