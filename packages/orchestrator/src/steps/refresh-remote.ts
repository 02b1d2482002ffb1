/**
 * After an answer that contradicts the ledger, the bulk job's own state decides: a 409 is never
 * taken for success, a 404 never for an end.
 */
import { assertNever, type BulkError } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { recordClosed } from "../ledger/part-progress.ts";
import { askRemote } from "./ask-remote.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { finishBulkJob, lostEnding } from "./finish-bulk-job.ts";

const closedByOthers = "someone else has closed the bulk job before all parts were up";

export async function refreshRemote(
  context: StepContext,
  record: BulkJobRecord,
  cause: BulkError,
  signal: AbortSignal,
): Promise<StepResult> {
  return await askRemote(context, record, signal, async (state) => {
    switch (state) {
      case "Open":
        return await waitAndRetry(context, record, record.phase, cause);
      case "UploadComplete":
      case "InProgress":
      case "JobComplete":
      case "Failed":
        if (record.phase === "uploading")
          return await finishBulkJob(context, record, lostEnding(closedByOthers), signal);
        await recordClosed(context.ledger, record, state);
        return "next";
      default:
        return assertNever(state);
    }
  });
}
