/** The last step of a bulk job: settle or return its parts, tell everyone, claim what is now possible. */
import { type BulkError, reasonCode } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { readBulkJobParts } from "../ledger/bulk-job-record.ts";
import { type BulkJobEnding, endBulkJob } from "../ledger/end-bulk-job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readLoads } from "../ledger/load-record.ts";
import { noteProcessing } from "../ledger/processing-times.ts";
import { noteRestart } from "../ledger/restarts.ts";
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
  if (ending.end === "complete") await noteProcessing(ledger, record);
  const loadIds = [...new Set(parts.map((part) => part.load))];
  if (ending.chargeRestart && (await goAgain(ledger, loadIds))) await countRestart(context, record);
  const final = new Set(ended.map((load) => load.loadId));
  for (const loadId of loadIds)
    await (final.has(loadId) ? signals.loadEnded(loadId) : signals.loadProgressed(loadId));
  await claimBulkJobs(context, signal);
  return "next";
}

/** Whether any of these loads is back in line. */
async function goAgain(ledger: Ledger, loadIds: readonly string[]): Promise<boolean> {
  const { loads } = await readLoads(ledger, loadIds);
  return loads.some(({ state }) => state === "waiting" || state === "loading");
}

async function countRestart({ ledger, ports }: StepContext, record: BulkJobRecord): Promise<void> {
  const until = await noteRestart(ledger, record);
  if (until === undefined) return;
  const { connection } = ledger;
  ports.emit({ type: "restarts.held", connection, object: record.objectKey, until });
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
