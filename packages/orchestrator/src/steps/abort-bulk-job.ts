/** Drops a bulk job: the API deletes what was uploaded, loads that are to blame fail, others return. */
import { type BulkError, isBulkError, reasonCode } from "@headgate/core";
import { advanceBulkJob, type BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { waitAndRetry } from "./call-failed.ts";
import { goOnClosed } from "./closed-elsewhere.ts";
import type { StepContext, StepResult } from "./context.ts";
import { finishBulkJob } from "./finish-bulk-job.ts";

/** Writes the intent; the call follows as a step of its own. Without culprits each load is charged a restart. */
export async function startAbort(
  context: StepContext,
  record: BulkJobRecord,
  error: Pick<BulkError, "code" | "message">,
  culprits: readonly string[],
): Promise<StepResult> {
  context.ports.emit({
    type: "bulk-job.aborting",
    bulkJobId: record.id,
    object: record.objectKey,
    code: error.code,
    message: error.message,
  });
  await advanceBulkJob(context.ledger, record, {
    phase: "aborting",
    abortCode: reasonCode(error.code),
    abortMessage: error.message,
    abortCulprits: JSON.stringify(culprits),
    tries: 0,
  });
  return "next";
}

/** Sends Aborted and ends the bulk job; one that was closed meanwhile goes on as closed. */
export async function abortBulkJob(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ports } = context;
  if (record.remoteId !== undefined)
    try {
      await ports.ingestion.abort(record.remoteId, { signal });
    } catch (error) {
      if (!isBulkError(error)) throw error;
      if (error.code === "ERR_API_CONFLICT") {
        const { state } = await ports.ingestion.info(record.remoteId, { signal });
        if (state === "Open") return await waitAndRetry(context, record, "abort", error);
        if (state !== "Aborted") return await goOnClosed(context, record, state);
      } else if (error.code !== "ERR_API_NOT_FOUND")
        return await waitAndRetry(context, record, "abort", error);
    }
  const culprits = JSON.parse(record.abortCulprits ?? "[]") as string[];
  return await finishBulkJob(
    context,
    record,
    {
      end: "aborted",
      ...(record.remoteId === undefined ? {} : { remoteState: "Aborted" }),
      code: record.abortCode ?? "",
      message: record.abortMessage ?? "",
      culprits,
      chargeRestart: culprits.length === 0,
    },
    signal,
  );
}
