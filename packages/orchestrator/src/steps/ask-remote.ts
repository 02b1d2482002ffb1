/** Asks the API for a bulk job's own state. */
import { isBulkError, type RemoteState } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { waitAndRetry } from "./call-failed.ts";
import type { StepContext, StepResult } from "./context.ts";
import { finishBulkJob, lostEnding } from "./finish-bulk-job.ts";

/**
 * Lets `decide` go on from the state that the API has. A bulk job that is gone, or that someone else
 * has aborted, ends as lost.
 */
export async function askRemote(
  context: StepContext,
  record: BulkJobRecord,
  signal: AbortSignal,
  decide: (state: Exclude<RemoteState, "Aborted">) => Promise<StepResult>,
): Promise<StepResult> {
  const { ports } = context;
  const lost = (why: string): Promise<StepResult> =>
    finishBulkJob(context, record, lostEnding(why), signal);
  let state: RemoteState;
  try {
    state = (await ports.ingestion.info(record.remoteId ?? "", { signal })).state;
  } catch (error) {
    if (!isBulkError(error)) throw error;
    if (error.code === "ERR_API_NOT_FOUND") return await lost("the API no longer has the bulk job");
    return await waitAndRetry(context, record, "info", error);
  }
  ports.emit({
    type: "bulk-job.seen",
    bulkJobId: record.id,
    object: record.objectKey,
    remoteState: state,
  });
  return state === "Aborted"
    ? await lost("someone else has aborted the bulk job")
    : await decide(state);
}
