/**
 * The task of a bulk job: one step after the other, each short, until the bulk job has ended or
 * must wait. The state machine stands in core's bulk-job.ts.
 */
import { assertNever, BulkError, isBulkError, type Outcome } from "@headgate/core";
import { type BulkJobRecord, readBulkJob, unfinishedBulkJobs } from "../ledger/bulk-job-record.ts";
import { type Ledger, ledgerNow } from "../ledger/ledger.ts";
import { notReadable } from "../ledger/not-readable.ts";
import { abortBulkJob } from "./abort-bulk-job.ts";
import { waitAndRetry } from "./call-failed.ts";
import { closeBulkJob } from "./close-bulk-job.ts";
import type { StepContext, StepResult } from "./context.ts";
import { createBulkJob } from "./create-bulk-job.ts";
import { dropUnreadable } from "./drop-unreadable.ts";
import { later } from "./later.ts";
import { uploadNextPart } from "./upload-part.ts";
import { watchBulkJob } from "./watch-bulk-job.ts";

/**
 * Runs a bulk job's steps until it has ended, must wait, or has held its task for the step budget. A
 * worker that stops lets the step under way end; `signal` cuts it off.
 */
export async function runBulkJob(
  context: StepContext,
  bulkJobId: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const { ledger, settings } = context;
  const begun = await ledgerNow(ledger);
  for (;;) {
    if (context.stopping?.aborted)
      return later(await ledgerNow(ledger), 0, "the worker stops, another goes on");
    const record = await readOrFault(ledger, bulkJobId);
    if (record === "gone") return { kind: "cancel", reason: "the bulk job is gone" };
    if (record instanceof BulkError)
      return await dropUnreadable(context, bulkJobId, record, signal);
    if (record.phase === "ended") return ended(record);
    const result = await nextStep(context, record, signal).catch((error: unknown) =>
      faultOf(context, record, error, signal),
    );
    if (result !== "next") return result;
    const now = await ledgerNow(ledger);
    if (signal.aborted || now - begun > settings.stepBudgetMs)
      return later(now, 0, "lets others run");
  }
}

/** The record, or why it cannot be read; one that is gone and still holds a permit is as bad as torn. */
async function readOrFault(
  ledger: Ledger,
  bulkJobId: string,
): Promise<BulkJobRecord | BulkError | "gone"> {
  try {
    const record = await readBulkJob(ledger, bulkJobId);
    if (record !== undefined) return record;
    const isUnfinished = (await unfinishedBulkJobs(ledger)).includes(bulkJobId);
    return isUnfinished ? notReadable("bulk job", bulkJobId, "gone") : "gone";
  } catch (error) {
    if (isBulkError(error, "ERR_RECORD_UNREADABLE")) return error;
    throw error;
  }
}

/** A fault of the API that the step left to us passes by itself; any other error goes on. */
async function faultOf(
  context: StepContext,
  record: BulkJobRecord,
  error: unknown,
  signal: AbortSignal,
): Promise<StepResult> {
  if (signal.aborted || !isBulkError(error)) throw error;
  if (error.code === "ERR_LEDGER_FENCED" || error.code === "ERR_REDIS_AWAY") throw error;
  if (error.code === "ERR_RECORD_UNREADABLE" && error.fields.bulkJobId === record.id)
    return await dropUnreadable(context, record.id, error, signal);
  return await waitAndRetry(context, record, record.phase, error);
}

function ended(record: BulkJobRecord): Outcome {
  if (record.end === "failed" || record.end === "refused")
    return {
      kind: "fail",
      code: `bulk_job_${record.end}`,
      message: `${record.objectKey}: the API ${record.end} it`,
    };
  return { kind: "done", result: { end: record.end, files: record.next, bytes: record.bytes } };
}

async function nextStep(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { phase } = record;
  switch (phase) {
    case "claimed":
    case "creating":
      return await createBulkJob(context, record, signal);
    case "uploading":
      return await uploadNextPart(context, record, signal);
    case "closing":
      return await closeBulkJob(context, record, signal);
    case "processing":
      return await watchBulkJob(context, record, signal);
    case "aborting":
      return await abortBulkJob(context, record, signal);
    case "ended":
      throw new TypeError("an ended bulk job has no next step");
    default:
      return assertNever(phase);
  }
}
