/**
 * Waits for the end of a closed bulk job. One list call serves all bulk jobs of the connection;
 * only one that has left the list is asked after by itself.
 */
import {
  assertNever,
  isBulkError,
  latenessOf,
  medianOf,
  mostLoadsAfterFailure,
  type RemoteState,
} from "@headgate/core";
import { advanceBulkJob, type BulkJobRecord, loadsOfBulkJob } from "../ledger/bulk-job-record.ts";
import type { BulkJobEnding } from "../ledger/end-bulk-job.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { readObservation } from "../ledger/observation.ts";
import { readProcessingTimes } from "../ledger/processing-times.ts";
import { askRemote } from "./ask-remote.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { completeEnding, failedEnding, finishBulkJob } from "./finish-bulk-job.ts";
import { later } from "./later.ts";
import { observeTenant } from "./observe-tenant.ts";

/** Looks whether a closed bulk job has ended, and ends it here too; else comes back later. */
export async function watchBulkJob(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger } = context;
  const now = await ledgerNow(ledger);
  if (await tellLateness(context, record, now)) return "next";
  const intervalMs = pollInterval(context, record, now);
  try {
    await observeTenant(context, intervalMs, signal);
  } catch (error) {
    if (!isBulkError(error) || isBulkError(error, "ERR_REDIS_AWAY")) throw error;
    return await waitAndRetry(context, record, "list", error);
  }
  const seen = await readObservation(ledger, record.remoteId ?? "");
  const isListed = seen.state !== undefined;
  const isStale = seen.at < (record.closedAt ?? 0) || now - seen.at > 2 * intervalMs;
  if (isListed || isStale) {
    const state = seen.state ?? record.remoteState ?? "closed";
    return later(now, intervalMs, `the API has it as ${state}`);
  }
  return await askRemote(context, record, signal, (state) =>
    goOnFrom(context, record, state, signal),
  );
}

/** Tells once that the API is slow with it, and once after a day; whether it has told and noted so now. */
async function tellLateness(
  { ledger, ports }: StepContext,
  record: BulkJobRecord,
  now: number,
): Promise<boolean> {
  if (record.closedAt === undefined || record.lateness === "day") return false;
  const sinceMs = now - record.closedAt;
  const samplesMs = await readProcessingTimes(ledger);
  const lateness = latenessOf(sinceMs, samplesMs);
  if (lateness === "" || lateness === record.lateness) return false;
  await advanceBulkJob(ledger, record, { lateness });
  ports.emit({
    type: "bulk-job.late",
    bulkJobId: record.id,
    object: record.objectKey,
    lateness,
    sinceMs,
    medianMs: medianOf(samplesMs),
  });
  return true;
}

/** A tenth of the time since the close, within the configured bounds. */
function pollInterval({ settings }: StepContext, record: BulkJobRecord, now: number): number {
  const since = now - (record.closedAt ?? now);
  return Math.min(Math.max(since / 10, settings.pollMinMs), settings.pollMaxMs);
}

/** A load that was alone fails. Of several nobody knows which is to blame: they are tried again among fewer. */
function reportedFailed(record: BulkJobRecord, loads: readonly string[]): BulkJobEnding {
  const message = `the API reports bulk job ${record.remoteId} of ${record.objectKey} as Failed; the data stream's refresh history says why`;
  const error = { code: "ERR_BULK_JOB_FAILED", message } as const;
  if (loads.length === 1) return failedEnding("failed", error, loads);
  const mostLoads = mostLoadsAfterFailure(loads.length);
  return { ...failedEnding("failed", error, []), mostLoads };
}

async function goOnFrom(
  context: StepContext,
  record: BulkJobRecord,
  state: Exclude<RemoteState, "Aborted">,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, settings } = context;
  switch (state) {
    case "JobComplete":
      return await finishBulkJob(context, record, completeEnding, signal);
    case "Failed": {
      const ending = reportedFailed(record, await loadsOfBulkJob(ledger, record.id));
      return await finishBulkJob(context, record, { ...ending, remoteState: state }, signal);
    }
    case "Open":
    case "UploadComplete":
    case "InProgress":
      await advanceBulkJob(ledger, record, { remoteState: state, tries: 0 });
      return later(await ledgerNow(ledger), settings.pollMinMs, `the API has it as ${state}`);
    default:
      return assertNever(state);
  }
}
