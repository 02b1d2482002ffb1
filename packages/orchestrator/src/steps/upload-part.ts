/** Uploads the part that is due. The intent is written before the PUT, the result after it. */
import {
  type BulkError,
  bodyPieces,
  isBulkError,
  isSuspect,
  type SourceObject,
} from "@headgate/core";
import {
  advanceBulkJob,
  type BulkJobPart,
  type BulkJobRecord,
  readBulkJobParts,
} from "../ledger/bulk-job-record.ts";
import { clearUploadDeaths } from "../ledger/deaths.ts";
import { readLoad, readPartRange, readSource } from "../ledger/load-record.ts";
import { recordUploaded, returnLastPart } from "../ledger/part-progress.ts";
import { loadTitle } from "../load-request.ts";
import { tampered } from "../seals/seals.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import { startAbort } from "./abort-bulk-job.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { refreshRemote } from "./refresh-remote.ts";
import { afterDeath, cutOff, deathsOver, unknownUpload } from "./unknown-upload.ts";
import { isUnwanted, unwanted } from "./unwanted.ts";
import { type VerifiedBody, verifiedBody } from "./verified-body.ts";
import { workIsolated } from "./work-isolated.ts";

/** Passing faults of a source, in a row, after which its load fails. */
const sourceTriesAllowed = 8;

/** Uploads the part that is due, unless something must come first; closes where none is left. */
export async function uploadNextPart(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, settings } = context;
  const parts = await readBulkJobParts(ledger, record.id);
  if (await isUnwanted(ledger, parts)) return await startAbort(context, record, unwanted, []);
  const due = parts[record.next];
  if (record.uploading === "1") return await afterDeath(context, record, due);
  if (due === undefined) {
    await advanceBulkJob(ledger, record, { phase: "closing", tries: 0 });
    return "next";
  }
  if (record.filesUsed + parts.length - record.next > settings.maxFilesPerBulkJob)
    return await giveBackLast(context, record, parts);
  const deaths = await deathsOver(ledger, due);
  if (isSuspect(deaths))
    context.ports.emit({ type: "load.suspect", loadId: due.load, work: "upload", deaths });
  // Its queue is short, so it can look in between whether it is still wanted; the first write is fenced.
  return await workIsolated(context, { deaths, signal, patienceMs: settings.stepBudgetMs }, () =>
    sendPart(context, record, due, signal),
  );
}

async function sendPart(
  context: StepContext,
  record: BulkJobRecord,
  due: BulkJobPart,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports } = context;
  const sending = await advanceBulkJob(ledger, record, {
    uploading: "1",
    filesUsed: record.filesUsed + 1,
  });
  let body: VerifiedBody | undefined;
  try {
    body = await bodyOf(context, sending, due);
    await ports.ingestion.upload(sending.remoteId ?? "", body, { signal });
    return await uploaded(context, sending, due, body.sha256());
  } catch (error) {
    if (signal.aborted && context.stopping?.aborted)
      return await cutOff(context, sending, { due, body });
    if (!isBulkError(error)) throw error;
    await clearUploadDeaths(ledger, due.load);
    return await uploadFailed(context, sending, due, error, signal);
  }
}

async function giveBackLast(
  context: StepContext,
  record: BulkJobRecord,
  parts: readonly BulkJobPart[],
): Promise<StepResult> {
  await returnLastPart(context.ledger, record);
  context.ports.emit({
    type: "bulk-job.part-returned",
    bulkJobId: record.id,
    object: record.objectKey,
    part: parts.length,
  });
  return "next";
}

async function bodyOf(
  { ledger, ports }: StepContext,
  { sourceName, object, operation }: BulkJobRecord,
  due: BulkJobPart,
): Promise<VerifiedBody> {
  const load = await readLoad(ledger, due.load);
  const [part] = await readPartRange(ledger, due.load, due.part, due.part);
  if (load === undefined || part === undefined)
    throw new TypeError(`part ${due.part} of load ${due.load} is not in the ledger`);
  if (loadTitle(load.request) !== loadTitle({ sourceName, object, operation }))
    throw tampered("load", load.id);
  const sources: SourceObject[] = [];
  for (const { source } of part.segments) {
    const found = await readSource(ledger, due.load, source);
    if (found !== undefined) sources[source] = found;
  }
  const headerRecords = load.header === "" ? 0 : 1;
  return verifiedBody(ports.source.open(bodyPieces(part, sources, load.header)), {
    name: `part ${part.number} of load ${load.id}`,
    records: part.records + headerRecords,
  });
}

async function uploaded(
  context: StepContext,
  record: BulkJobRecord,
  part: BulkJobPart,
  sha256: string,
): Promise<StepResult> {
  const { ledger, ports, signals } = context;
  const next = await recordUploaded(ledger, record, { part, sha256 });
  ports.emit({
    type: "bulk-job.part-uploaded",
    bulkJobId: record.id,
    object: record.objectKey,
    part: next.next,
    parts: next.files,
    bytes: part.bytes,
    records: part.records,
    bytesUploaded: next.uploadedBytes,
    bytesInAll: next.bytes,
    loadId: part.load,
    sha256,
  });
  await signals.loadProgressed(part.load);
  return "next";
}

async function uploadFailed(
  context: StepContext,
  record: BulkJobRecord,
  due: BulkJobPart,
  error: BulkError,
  signal: AbortSignal,
): Promise<StepResult> {
  switch (error.code) {
    case "ERR_API_UNKNOWN_OUTCOME":
    case "ERR_API_UNEXPECTED":
    case "ERR_API_SERVER":
      return await unknownUpload(context, record, error, signal);
    case "ERR_API_CONFLICT":
    case "ERR_API_NOT_FOUND": {
      const known = await advanceBulkJob(context.ledger, record, notCounted(record));
      return await refreshRemote(context, known, error, signal);
    }
    case "ERR_API_UNREACHABLE":
    case "ERR_API_THROTTLED":
    case "ERR_API_UNAUTHORIZED":
    case "ERR_API_FORBIDDEN":
    case "ERR_AUTH_REFUSED":
    case "ERR_KEY_FILE":
    case "ERR_INSTANCE_URL":
      return await waitAndRetry(context, record, "upload", error, notCounted(record));
    case "ERR_SOURCE_UNREADABLE":
    case "ERR_SOURCE_TRUNCATED":
      if (record.tries + 1 < sourceTriesAllowed)
        return await waitAndRetry(context, record, "upload", error, { uploading: "" });
      return await startAbort(context, record, error, [due.load]);
    case "ERR_LEDGER_FENCED":
    case "ERR_REDIS_AWAY":
      throw error;
    default:
      tellRefused(context, error);
      return await startAbort(context, record, aboutPart(error, due), [due.load]);
  }
}

/** The reason of the load that fails names the part, so that people find the lines. */
function aboutPart(
  { code, message }: BulkError,
  { load, part }: BulkJobPart,
): Pick<BulkError, "code" | "message"> {
  return { code, message: `part ${part} of load ${load}: ${message}` };
}

/** The API has surely not taken this PUT as a file. */
function notCounted(record: BulkJobRecord): Readonly<Record<string, string | number>> {
  return { uploading: "", filesUsed: record.filesUsed - 1 };
}
