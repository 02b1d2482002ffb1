/** Repairs what a crash between two writes has left: records without a task, and old index entries. */

import { readableBulkJob, unfinishedBulkJobs } from "../ledger/bulk-job-record.ts";
import { readLine, readLines } from "../ledger/claim.ts";
import { type Ledger, ledgerNow } from "../ledger/ledger.ts";
import { type LoadRecord, readLoads } from "../ledger/load-record.ts";
import { readEnded, readOutbox } from "../ledger/outbox.ts";
import { forgetExpired } from "../ledger/retention.ts";
import { loadTitle } from "../load-request.ts";
import { sweepSchedules } from "../schedules/sweep-schedules.ts";
import { bulkJobTitle } from "./bulk-job-title.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";

/**
 * Makes sure of every unfinished bulk job's task, and of the plan task of each load that a line waits
 * for: a task can be deleted by hand, or fail for good. Claims what it can.
 */
export async function sweep(context: StepContext, signal: AbortSignal): Promise<void> {
  const { ledger, signals } = context;
  const { loads, unreadable } = await readOutbox(ledger);
  for (const load of [...loads, ...(await unplannedHeads(ledger))])
    await signals.loadAccepted({ id: load.id, title: loadTitle(load.request) });
  // Its task fails it; without one nobody would.
  for (const id of unreadable.keys()) await signals.loadAccepted({ id, title: id });
  for (const loadId of await readEnded(ledger)) await signals.loadEnded(loadId);
  const unfinished = await unfinishedBulkJobs(ledger);
  for (const id of unfinished) {
    const record = await readableBulkJob(ledger, id);
    const title = record && bulkJobTitle({ ...record, object: record.objectKey });
    // The task of a torn one ends it; without one nobody would.
    await signals.bulkJobClaimed({ id, title: title ?? id });
  }
  await claimBulkJobs(context, signal);
  await forgetExpired(ledger, await ledgerNow(ledger));
  await sweepSchedules(context);
}

async function unplannedHeads(ledger: Ledger): Promise<readonly LoadRecord[]> {
  const lines = await readLines(ledger);
  const heads = await Promise.all(lines.map((object) => readLine(ledger, object, 1)));
  const ids = heads.flatMap((line) => line.loads.map((load) => load.id));
  const { loads } = await readLoads(ledger, ids);
  return loads.filter((load) => load.state === "accepted");
}
