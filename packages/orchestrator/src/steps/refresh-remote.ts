/**
 * After an answer that contradicts the ledger, the bulk job's own state decides: a 409 is never
 * taken for success, a 404 never for an end.
 */
import { assertNever, type BulkError, isBulkError } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { recordClosed } from "../ledger/part-progress.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { finishBulkJob, lostEnding } from "./finish-bulk-job.ts";

export async function refreshRemote(
  context: StepContext,
  record: BulkJobRecord,
  cause: BulkError,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports } = context;
  try {
    const remote = await ports.ingestion.info(record.remoteId ?? "", { signal });
    const { state } = remote;
    ports.emit({
      type: "bulk-job.seen",
      bulkJobId: record.id,
      object: record.objectKey,
      remoteState: state,
    });
    switch (state) {
      case "Open":
        return await waitAndRetry(context, record, record.phase, cause);
      case "Aborted":
        return await finishBulkJob(
          context,
          record,
          lostEnding("someone else has aborted the bulk job"),
          signal,
        );
      case "UploadComplete":
      case "InProgress":
      case "JobComplete":
      case "Failed":
        if (record.phase === "uploading")
          return await finishBulkJob(
            context,
            record,
            lostEnding("someone else has closed the bulk job before all parts were up"),
            signal,
          );
        await recordClosed(ledger, record, state);
        return "next";
      default:
        return assertNever(state);
    }
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
    return await waitAndRetry(context, record, "info", error);
  }
}
