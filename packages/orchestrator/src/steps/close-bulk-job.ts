/** Tells the API that every file is there. Sent only once every part is accepted. */
import { BulkError, isBulkError, type RemoteBulkJob } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { recordClosed } from "../ledger/part-progress.ts";
import { startAbort } from "./abort-bulk-job.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { refreshRemote } from "./refresh-remote.ts";

/** Sends UploadComplete; an answer that leaves doubt is settled by the state that the API has. */
export async function closeBulkJob(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports } = context;
  if (record.next === 0)
    return await startAbort(
      context,
      record,
      { code: "ERR_LOAD_STATE", message: "it has no part left" },
      [],
    );
  try {
    const remote = await ports.ingestion.close(record.remoteId ?? "", { signal });
    if (remote.state === "Open" || remote.state === "Aborted") throw unexpectedState(remote);
    await recordClosed(ledger, record, remote.state);
    ports.emit({
      type: "bulk-job.closed",
      bulkJobId: record.id,
      object: record.objectKey,
      remoteId: remote.id,
      files: record.next,
    });
    return "next";
  } catch (error) {
    if (!isBulkError(error)) throw error;
    switch (error.code) {
      case "ERR_API_CONFLICT":
      case "ERR_API_NOT_FOUND":
      case "ERR_API_UNKNOWN_OUTCOME":
      case "ERR_API_UNEXPECTED":
      case "ERR_API_SERVER":
        return await refreshRemote(context, record, error, signal);
      case "ERR_LEDGER_FENCED":
      case "ERR_REDIS_AWAY":
        throw error;
      default:
        return await waitAndRetry(context, record, "close", error);
    }
  }
}

function unexpectedState({ id, state }: RemoteBulkJob): BulkError {
  return new BulkError(
    "ERR_API_UNEXPECTED",
    `close of bulk job ${id}: the API answered with success and the state ${state}`,
    { fields: { bulkJobId: id, state } },
  );
}
