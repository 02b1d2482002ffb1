/**
 * Finds out what a create call has made, by the tenant's list of unfinished bulk jobs. The API
 * takes one unfinished bulk job an object, so at most one candidate can be ours.
 */
import { after, objectKey, type RemoteBulkJob, sameUser, seconds } from "@headgate/core";
import { advanceBulkJob, type BulkJobRecord, bulkJobOfRemote } from "../ledger/bulk-job-record.ts";
import { holdObject } from "../ledger/gate.ts";
import { readLoss } from "../ledger/history.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { readPrincipal, recordObservation } from "../ledger/observation.ts";
import { bulkJobOpened } from "./bulk-job-opened.ts";
import type { StepContext, StepResult } from "./context.ts";
import { finishBulkJob } from "./finish-bulk-job.ts";
import { later } from "./later.ts";
import { listTenant } from "./list-tenant.ts";

/** Most that the API's creation date and our own clock may differ. */
const clockToleranceMs = seconds(300);
/** Create calls a bulk job may cost before its parts go back in line. */
const createAttemptsAllowed = 3;
/** Pause of an object whose other bulk job we can see, and of one whose we cannot. */
const visibleConflictMs = seconds(30);
const hiddenConflictMs = seconds(900);

/** Adopts what an unanswered create call has made, or makes sure that it has made nothing. */
export async function reconcileCreate(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, settings } = context;
  // A list may take its time, and says nothing of what came after it was asked for.
  const asked = await ledgerNow(ledger);
  const unclaimed = await unclaimedOf(context, record, signal);
  const candidates = await ownCandidates(context, record, unclaimed);
  const [candidate] = candidates;
  if (candidate !== undefined && candidates.length === 1)
    return await bulkJobOpened(context, record, candidate, true);
  if (unclaimed.length > 0) return await conflict(context, record, visibleConflictMs, signal);
  const sinceSent = asked - (record.createSentAt ?? asked);
  if (sinceSent < settings.createGraceMs)
    return later(
      await ledgerNow(ledger),
      Math.min(seconds(5), settings.createGraceMs - sinceSent),
      "looks for the bulk job of an unanswered create call",
    );
  if (record.createAttempts >= createAttemptsAllowed)
    return await conflict(context, record, visibleConflictMs, signal);
  await advanceBulkJob(ledger, record, { createOutcome: "unlisted" });
  return "next";
}

/** Adopts what an unanswered call has made though the list shows it late; undefined where there is none. */
export async function adoptListedLate(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult | undefined> {
  const unclaimed = await unclaimedOf(context, record, signal);
  const [candidate, ...others] = await ownCandidates(context, record, unclaimed);
  if (candidate === undefined || others.length > 0) return undefined;
  return await bulkJobOpened(context, record, candidate, true);
}

/** After a 409: another unfinished bulk job has the object. Ours from an earlier attempt is adopted. */
export async function endOfConflict(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const unclaimed = await unclaimedOf(context, record, signal);
  const candidates =
    record.createAttempts > 1 ? await ownCandidates(context, record, unclaimed) : [];
  const [candidate] = candidates;
  if (candidate !== undefined && candidates.length === 1)
    return await bulkJobOpened(context, record, candidate, true);
  const pause = unclaimed.length > 0 ? visibleConflictMs : hiddenConflictMs;
  return await conflict(context, record, pause, signal);
}

async function conflict(
  context: StepContext,
  record: BulkJobRecord,
  pauseMs: number,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger } = context;
  const until = after(await ledgerNow(ledger), seconds(pauseMs / 1000));
  await holdObject(ledger, record.objectKey, until);
  const message = `the API has another unfinished bulk job of ${record.objectKey}`;
  return await finishBulkJob(
    context,
    record,
    { end: "conflict", code: "api_conflict", message, culprits: [], chargeRestart: false },
    signal,
  );
}

/** Unfinished bulk jobs of the object that no record of ours names. */
async function unclaimedOf(
  { ledger, ports }: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<readonly RemoteBulkJob[]> {
  const listed = await listTenant(ports, signal);
  await recordObservation(ledger, listed);
  const unclaimed: RemoteBulkJob[] = [];
  for (const remote of listed)
    if (objectKey(remote) === record.objectKey && !(await bulkJobOfRemote(ledger, remote.id)))
      unclaimed.push(remote);
  return unclaimed;
}

async function ownCandidates(
  { ledger }: StepContext,
  record: BulkJobRecord,
  unclaimed: readonly RemoteBulkJob[],
): Promise<readonly RemoteBulkJob[]> {
  const sentAt = record.createSentAt ?? 0;
  const loss = await readLoss(ledger);
  // Nobody knows which files a bulk job of before a loss holds.
  if (loss !== undefined && sentAt <= loss.at) return [];
  const principal = await readPrincipal(ledger);
  const earliest = Math.max(sentAt - clockToleranceMs, loss?.at ?? 0);
  return unclaimed.filter(
    (remote) =>
      remote.state === "Open" &&
      remote.operation === record.operation &&
      (remote.createdAt === undefined || remote.createdAt >= earliest) &&
      sameUser(principal, remote.createdById),
  );
}
