/** Uploads whose end is not known, or that nobody has lived to see. */
import { BulkError, isToBlame } from "@headgate/core";
import { advanceBulkJob, type BulkJobPart, type BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { clearUploadDeaths, countUploadDeath } from "../ledger/deaths.ts";
import { type Ledger, ledgerNow } from "../ledger/ledger.ts";
import { readLoads } from "../ledger/load-record.ts";
import { recentDeaths } from "../ledger/roster.ts";
import { startAbort } from "./abort-bulk-job.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { later } from "./later.ts";
import { refreshRemote } from "./refresh-remote.ts";
import type { VerifiedBody } from "./verified-body.ts";

/**
 * The API may have the file: it stays counted, and the part is sent again or the bulk job dropped. With
 * a `signal` the API is asked first: a broken connection can hide an early 401 or that the bulk job is
 * closed or gone, and then the whole part would be sent for nothing.
 */
export async function unknownUpload(
  context: StepContext,
  record: BulkJobRecord,
  error: BulkError,
  signal?: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports, settings } = context;
  ports.emit({
    type: "bulk-job.upload-unknown",
    bulkJobId: record.id,
    object: record.objectKey,
    part: record.next + 1,
    code: error.code,
  });
  if (settings.onUnknownUpload === "restart") return await startAbort(context, record, error, []);
  if (signal === undefined)
    return await waitAndRetry(context, record, "upload", error, { uploading: "" });
  const known = await advanceBulkJob(ledger, record, { uploading: "" });
  return await refreshRemote(context, known, error, signal);
}

/** A worker was stopped in the middle of the upload: if it is not the first, the part may be why. */
export async function afterDeath(
  context: StepContext,
  record: BulkJobRecord,
  due: BulkJobPart | undefined,
): Promise<StepResult> {
  if (due === undefined) return await unknownUpload(context, record, interrupted(record));
  const { ledger } = context;
  const own = 1 + (await deathsOver(ledger, due));
  if (isToBlame({ own, fleet: await recentDeaths(ledger) }))
    return await startAbort(context, record, quarantined(record, due, own), [due.load]);
  const result = await unknownUpload(context, record, interrupted(record));
  // After the fenced write, so that each death counts once; one that a further death hides does not.
  await countUploadDeath(ledger, due.load);
  return result;
}

/** Workers that have died, in a row, while they sent a part of the load of this one. */
export async function deathsOver(ledger: Ledger, { load: id }: BulkJobPart): Promise<number> {
  // A load that cannot be read is named by whoever sends its part next.
  const [load] = (await readLoads(ledger, [id])).loads;
  return load?.deaths ?? 0;
}

function quarantined(
  record: BulkJobRecord,
  { load, part }: BulkJobPart,
  deaths: number,
): BulkError {
  return new BulkError(
    "ERR_QUARANTINED",
    `${deaths} workers in a row have died while they sent part ${part} of load ${load}`,
    { fields: { bulkJobId: record.id, loadId: load, part, deaths } },
  );
}

/**
 * The worker stops, which is no fault of the part. Where the last chunk was still held back the API
 * cannot have the part as a whole; the file stays counted all the same.
 */
export async function cutOff(
  context: StepContext,
  record: BulkJobRecord,
  { due, body }: { readonly due: BulkJobPart; readonly body: VerifiedBody | undefined },
): Promise<StepResult> {
  const { ledger } = context;
  await clearUploadDeaths(ledger, due.load);
  if (body?.handedOver()) return await unknownUpload(context, record, interrupted(record));
  await advanceBulkJob(ledger, record, { uploading: "" });
  return later(await ledgerNow(ledger), 0, "the worker stops, another sends the part");
}

/** What is known of an upload whose worker was stopped before it could write the result. */
function interrupted(record: BulkJobRecord): BulkError {
  return new BulkError(
    "ERR_API_UNKNOWN_OUTCOME",
    `nobody knows whether part ${record.next + 1} of bulk job ${record.id} was taken: its worker was stopped`,
    { fields: { bulkJobId: record.id, part: record.next + 1 } },
  );
}
