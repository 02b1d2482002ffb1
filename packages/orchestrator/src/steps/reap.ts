/** Upkeep of a connection's listed bulk jobs; what to do with each is decided in core's reaper.ts. */
import {
  assertNever,
  decideReap,
  isBulkError,
  objectKey,
  type ReapDecision,
  type ReapOwner,
  type RemoteBulkJob,
  sameUser,
  unknownOwner,
} from "@headgate/core";
import { bulkJobOfRemote, readBulkJob, readBulkJobParts } from "../ledger/bulk-job-record.ts";
import { createSpans } from "../ledger/create-spans.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { readPrincipal } from "../ledger/observation.ts";
import { startAbort } from "./abort-bulk-job.ts";
import type { StepContext } from "./context.ts";
import { listTenant } from "./list-tenant.ts";

/** What a round of the reaper has done, for the task's result. */
export interface ReapReport {
  readonly seen: number;
  readonly aborted: number;
  readonly reported: number;
  /** Of those seen: bulk jobs of our user that no call of ours has made. */
  readonly unclaimed: number;
}

/**
 * One round of the reaper over everything that the tenant lists as Open or UploadComplete. A bulk job
 * that it cannot look after just now is told, and its turn comes again with the next round.
 */
export async function reap(context: StepContext, signal: AbortSignal): Promise<ReapReport> {
  const { ledger, ports } = context;
  const counts = { seen: 0, aborted: 0, reported: 0, unclaimed: 0 };
  for (const remote of await listTenant(ports, signal, ["Open", "UploadComplete"])) {
    counts.seen++;
    try {
      const { owner, decision } = await lookAfter(context, remote, signal);
      if (decision.kind === "abort") counts.aborted++;
      if (decision.kind === "report") counts.reported++;
      if (owner.kind === "unclaimed") counts.unclaimed++;
    } catch (error) {
      if (signal.aborted || !isBulkError(error) || isBulkError(error, "ERR_REDIS_AWAY"))
        throw error;
      const { code, message } = error;
      const about = { connection: ledger.connection, remoteId: remote.id };
      ports.emit({ type: "reaper.failed", ...about, code, message });
    }
  }
  ports.emit({ type: "reaper.round", connection: ledger.connection, ...counts });
  return counts;
}

async function lookAfter(
  context: StepContext,
  remote: RemoteBulkJob,
  signal: AbortSignal,
): Promise<{ readonly owner: ReapOwner; readonly decision: ReapDecision }> {
  const owner = await ownerOf(context, remote);
  const now = await ledgerNow(context.ledger);
  const decision = decideReap(remote, owner, { now, settings: context.settings.reap });
  await act(context, remote, decision, signal);
  return { owner, decision };
}

async function ownerOf({ ledger }: StepContext, remote: RemoteBulkJob): Promise<ReapOwner> {
  const id = await bulkJobOfRemote(ledger, remote.id);
  const record = id === undefined ? undefined : await readBulkJob(ledger, id);
  if (record !== undefined && record.phase !== "ended") {
    const parts = await readBulkJobParts(ledger, record.id);
    return { kind: "ours", phase: record.phase, partsMissing: parts.length - record.next };
  }
  if (record !== undefined) return { kind: "ours-lost" };
  const principal = await readPrincipal(ledger);
  const { createdById } = remote;
  if (principal === undefined || createdById === undefined || !sameUser(principal, createdById))
    return { kind: "foreign" };
  const { createdAt } = remote;
  const spans =
    createdAt === undefined
      ? []
      : await createSpans(ledger, { objectKey: objectKey(remote), createdAt });
  return unknownOwner(createdAt, spans);
}

async function act(
  context: StepContext,
  remote: RemoteBulkJob,
  decision: ReapDecision,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, ports, signals } = context;
  if (decision.kind === "leave") return;
  ports.emit({
    type: "reaper.acted",
    connection: ledger.connection,
    remoteId: remote.id,
    decision: decision.kind,
    why: decision.kind === "complete" ? "all parts are up" : decision.why,
  });
  switch (decision.kind) {
    case "report":
      return;
    case "complete":
    case "abort": {
      const id = await bulkJobOfRemote(ledger, remote.id);
      const record = id === undefined ? undefined : await readBulkJob(ledger, id);
      if (record === undefined || record.phase === "ended")
        return await abortStray(context, remote, signal);
      if (decision.kind === "abort")
        await startAbort(
          context,
          record,
          { code: "ERR_BULK_JOB_LOST", message: "the bulk job neared the API's retention limit" },
          [],
        );
      return await signals.bulkJobChanged(record.id);
    }
    default:
      return assertNever(decision);
  }
}

async function abortStray(
  { ports }: StepContext,
  remote: RemoteBulkJob,
  signal: AbortSignal,
): Promise<void> {
  try {
    await ports.ingestion.abort(remote.id, { signal });
  } catch (error) {
    const gone = isBulkError(error, "ERR_API_NOT_FOUND", "ERR_API_CONFLICT");
    if (!gone) throw error;
  }
}
