/** The last step of a bulk job: settle or return its parts, tell everyone, claim what is now possible. */
import { type BulkError, reasonCode } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { readBulkJobParts } from "../ledger/bulk-job-record.ts";
import { type BulkJobEnding, endBulkJob } from "../ledger/end-bulk-job.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext, StepResult } from "./context.ts";

/** Ends a bulk job in the ledger, once, and wakes whatever waited for that. */
export async function finishBulkJob(
  context: StepContext,
  record: BulkJobRecord,
  ending: BulkJobEnding,
  signal: AbortSignal,
): Promise<StepResult> {
  const { ledger, ports, signals } = context;
  const parts = await readBulkJobParts(ledger, record.id);
  const ended = await endBulkJob(ledger, record, ending);
  if (ended === "fenced") return "next";
  ports.emit({
    type: "bulk-job.ended",
    bulkJobId: record.id,
    object: record.objectKey,
    end: ending.end,
    ...(ending.message === "" ? {} : { message: ending.message }),
  });
  const final = new Set(ended.map((load) => load.loadId));
  for (const loadId of new Set(parts.map((part) => part.load)))
    await (final.has(loadId) ? signals.loadEnded(loadId) : signals.loadProgressed(loadId));
  await claimBulkJobs(context, signal);
  return "next";
}

/** The API has applied everything. */
export const completeEnding: BulkJobEnding = {
  end: "complete",
  remoteState: "JobComplete",
  code: "",
  message: "",
  culprits: [],
  chargeRestart: false,
};

/** The bulk job is gone without having been processed; its parts go into another one. */
export function lostEnding(message: string): BulkJobEnding {
  return { end: "lost", code: "bulk_job_lost", message, culprits: [], chargeRestart: true };
}

/** An ending that fails these loads because of `error`. */
export function failedEnding(
  end: BulkJobEnding["end"],
  error: Pick<BulkError, "code" | "message">,
  culprits: Iterable<string>,
): BulkJobEnding {
  return {
    end,
    code: reasonCode(error.code),
    message: error.message,
    culprits: [...new Set(culprits)],
    chargeRestart: false,
  };
}
