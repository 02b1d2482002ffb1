/** Aborts a bulk job because someone asks for it. */
import { assertNever, BulkError, isBulkError } from "@headgate/core";
import { type BulkJobRecord, findOurBulkJob } from "../ledger/bulk-job-record.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { startAbort } from "../steps/abort-bulk-job.ts";
import type { StepContext } from "../steps/context.ts";
import { observeNow } from "./observe-now.ts";

/** What an abort on request has done. */
export interface AbortReport {
  /** Ours: its task sends the abort next, and its parts return to their lines. Else: the API has aborted it. */
  readonly owner: "ours" | "foreign";
  readonly bulkJob?: string;
  readonly remoteId?: string;
}

/** Times that the record is read again because a worker has moved it on meanwhile. */
const fencedTries = 5;

/**
 * By our id or the API's. Throws ERR_BULK_JOB_NOT_FOUND where neither the ledger nor the API has it,
 * ERR_BULK_JOB_STATE where it has ended or can not be aborted now, and ERR_API_*.
 */
export async function abortOnRequest(
  context: StepContext,
  id: string,
  { principal, signal }: { readonly principal: string; readonly signal: AbortSignal },
): Promise<AbortReport> {
  for (let tries = 1; ; tries++)
    try {
      const ours = await findOurBulkJob(context.ledger, id);
      if (ours === undefined) return await abortRemote(context, id, signal);
      if (ours.phase !== "ended") return await abortOurs(context, ours, principal);
      // One that has ended here can live on at the API, as after a restore of Redis.
      if (ours.remoteId === undefined || ours.remoteState === "Aborted")
        throw pastAbort(id, `ended (${ours.end})`);
      return { ...(await abortRemote(context, ours.remoteId, signal)), bulkJob: ours.id };
    } catch (error) {
      if (!isBulkError(error, "ERR_LEDGER_FENCED") || tries === fencedTries) throw error;
    }
}

async function abortOurs(
  context: StepContext,
  ours: BulkJobRecord,
  principal: string,
): Promise<AbortReport> {
  switch (ours.phase) {
    case "claimed":
    case "uploading":
      await startAbort(
        context,
        ours,
        { code: "ERR_BULK_JOB_STATE", message: `aborted by ${principal}` },
        [],
      );
      break;
    case "aborting":
      break;
    case "creating":
    case "closing":
    case "processing":
    case "ended":
      throw pastAbort(ours.id, ours.phase);
    default:
      return assertNever(ours.phase);
  }
  await context.signals.bulkJobChanged(ours.id);
  return {
    owner: "ours",
    bulkJob: ours.id,
    ...(ours.remoteId === undefined ? {} : { remoteId: ours.remoteId }),
  };
}

/** Another tool's, or one that we have lost. What the API says last is what counts. */
async function abortRemote(
  context: StepContext,
  remoteId: string,
  signal: AbortSignal,
): Promise<AbortReport> {
  const { ports, ledger, signals } = context;
  let state: string;
  try {
    ({ state } = await ports.ingestion.abort(remoteId, { signal }));
  } catch (error) {
    if (isBulkError(error, "ERR_API_NOT_FOUND")) throw bulkJobNotFound(remoteId);
    if (!isBulkError(error, "ERR_API_CONFLICT", "ERR_API_UNKNOWN_OUTCOME")) throw error;
    ({ state } = await ports.ingestion.info(remoteId, { signal }));
  }
  if (state !== "Aborted") throw pastAbort(remoteId, state);
  ports.emit({
    type: "reaper.acted",
    connection: ledger.connection,
    remoteId,
    decision: "abort",
    why: "it was asked for",
  });
  // Its permit and object are free from here on.
  await observeNow(context, signal);
  await signals.claimAt(await ledgerNow(ledger));
  return { owner: "foreign", remoteId };
}

/** ERR_BULK_JOB_NOT_FOUND for an id that names none. */
export function bulkJobNotFound(id: string): BulkError {
  const bulkJob = id.slice(0, 100);
  return new BulkError(
    "ERR_BULK_JOB_NOT_FOUND",
    `there is no bulk job "${bulkJob}", neither in the ledger nor in the tenant`,
    { fields: { bulkJob } },
  );
}

function pastAbort(id: string, state: string): BulkError {
  return new BulkError(
    "ERR_BULK_JOB_STATE",
    `bulk job ${id} cannot be aborted: it is ${state}; claimed and uploading ones can`,
    { fields: { bulkJob: id, state } },
  );
}
