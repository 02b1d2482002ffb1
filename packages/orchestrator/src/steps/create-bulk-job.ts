/**
 * Creates the remote bulk job. A create call whose answer is not known is never just sent again:
 * the tenant's list says whether it made one, and then that one is adopted.
 */

import {
  type BulkError,
  createDeadlineMs,
  isBulkError,
  milliseconds,
  seconds,
} from "@headgate/core";
import { beginCreate } from "../ledger/begin-create.ts";
import { advanceBulkJob, type BulkJobRecord, readBulkJobParts } from "../ledger/bulk-job-record.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { startAbort } from "./abort-bulk-job.ts";
import { bulkJobOpened } from "./bulk-job-opened.ts";
import { closeGateFor, waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { failedEnding, finishBulkJob } from "./finish-bulk-job.ts";
import { later } from "./later.ts";
import { logIn } from "./log-in.ts";
import { observeTenant } from "./observe-tenant.ts";
import { adoptListedLate, endOfConflict, reconcileCreate } from "./reconcile-create.ts";
import { settleHistory } from "./settle-history.ts";
import { isUnwanted, unwanted } from "./unwanted.ts";

/** A connector's new object is answered with 404 for up to 30 s; two more tries outlast that. */
const notFoundTries = 3;
const notFoundWaitMs = seconds(30);
/** Wait for a slot or the gate where no instant is known. */
const eventWaitMs = seconds(15);
/** Pause between two looks for what an unanswered call may have made, while the next one has no slot. */
const lookAgainMs = seconds(60);

/**
 * Longest wait for the slot's stamp after which the call is still sent. A worker that was stopped, or
 * cut off from Redis, in between would send it long after the instant that the window counts from.
 */
const longestStampMs = seconds(5);

/** Sends the create call in its slot, or finds out what an earlier one has made. */
export async function createBulkJob(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  if (record.phase === "creating" && record.createOutcome === "unknown")
    return await reconcileCreate(context, record, signal);
  const { ledger, ports, settings } = context;
  if (await isUnwanted(ledger, await readBulkJobParts(ledger, record.id)))
    return await startAbort(context, record, unwanted, []);
  // A login that takes its time must not lie between the slot's stamp and the call's arrival.
  await logIn(context, signal);
  await settleHistory(context, signal);
  const asked = ports.stopwatch.elapsedMs();
  const breaks = ledger.memory?.breaks;
  const begun = await beginCreate(ledger, record);
  if (begun.kind === "wait") {
    const mayShow = record.createOutcome === "unlisted";
    const adopted = mayShow ? await adoptListedLate(context, record, signal) : undefined;
    if (adopted !== undefined) return adopted;
    const { reason, until } = begun;
    // Only a new list shows that the other tool has ended, or accounts for a loss.
    if (until === undefined) await observeTenant(context, settings.observeEveryMs, signal);
    ports.emit({
      type: "bulk-job.create-waits",
      bulkJobId: record.id,
      object: record.objectKey,
      reason,
      ...(until === undefined ? {} : { until }),
    });
    const now = await ledgerNow(ledger);
    const waitMs = until === undefined ? eventWaitMs : until - now;
    return later(now, mayShow ? Math.min(waitMs, lookAgainMs) : waitMs, `waits for ${reason}`);
  }
  const sinceStamp = ports.stopwatch.elapsedMs() - asked;
  // A connection that broke meanwhile may have asked again of a Redis that has lost data.
  if (sinceStamp >= longestStampMs || ledger.memory?.breaks !== breaks) {
    await advanceBulkJob(ledger, begun.record, { createOutcome: "unsent" });
    return "next";
  }
  const deadline = ports.stopwatch.deadline(milliseconds(createDeadlineMs - sinceStamp));
  try {
    const inTime = AbortSignal.any([signal, deadline]);
    const remote = await ports.ingestion.createBulkJob(record, { signal: inTime });
    return await bulkJobOpened(context, begun.record, remote, false);
  } catch (error) {
    if (isBulkError(error)) return await createFailed(context, begun.record, error, signal);
    if (!deadline.aborted || signal.aborted) throw error;
    return createUnknown(context, begun.record, "ERR_API_UNKNOWN_OUTCOME");
  }
}

async function createFailed(
  context: StepContext,
  record: BulkJobRecord,
  error: BulkError,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger } = context;
  switch (error.code) {
    case "ERR_API_UNREACHABLE":
    case "ERR_AUTH_REFUSED":
    case "ERR_KEY_FILE":
    case "ERR_INSTANCE_URL":
      return await waitAndRetry(context, record, "create", error, { createOutcome: "unsent" });
    case "ERR_API_UNAUTHORIZED":
      // Each further call would cost a slot and meet the same answer, until a person acts.
      await closeGateFor(context, error);
      return await waitAndRetry(context, record, "create", error, { createOutcome: "refused" });
    case "ERR_API_THROTTLED":
      await closeGateFor(context, error);
      await advanceBulkJob(ledger, record, { createOutcome: "refused" });
      return "next";
    case "ERR_API_CONFLICT":
      return await endOfConflict(context, record, signal);
    case "ERR_API_NOT_FOUND":
      if (record.tries + 1 < notFoundTries) {
        await advanceBulkJob(ledger, record, { createOutcome: "refused", tries: record.tries + 1 });
        return later(await ledgerNow(ledger), notFoundWaitMs, "create met ERR_API_NOT_FOUND");
      }
      return await refused(context, record, error, signal);
    case "ERR_API_BAD_REQUEST":
    case "ERR_API_FORBIDDEN":
      return await refused(context, record, error, signal);
    case "ERR_LEDGER_FENCED":
    case "ERR_REDIS_AWAY":
      throw error;
    default:
      return createUnknown(context, record, error.code);
  }
}

function createUnknown({ ports }: StepContext, record: BulkJobRecord, code: string): StepResult {
  ports.emit({
    type: "bulk-job.create-unknown",
    bulkJobId: record.id,
    object: record.objectKey,
    code,
  });
  return "next";
}

async function refused(
  context: StepContext,
  record: BulkJobRecord,
  error: Parameters<typeof failedEnding>[1],
  signal: AbortSignal,
): Promise<StepResult> {
  const parts = await readBulkJobParts(context.ledger, record.id);
  const culprits = parts.map((part) => part.load);
  return await finishBulkJob(context, record, failedEnding("refused", error, culprits), signal);
}
