/** Repairs what a crash between two writes has left: records without a task, and old index entries. */

import { readBulkJob, unfinishedBulkJobs } from "../ledger/bulk-job-record.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { readEnded, readOutbox } from "../ledger/outbox.ts";
import { forgetExpired } from "../ledger/retention.ts";
import { loadTitle } from "../load-request.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";

/** Makes sure of every unfinished bulk job's task, and claims what it can. */
export async function sweep(context: StepContext, signal: AbortSignal): Promise<void> {
  const { ledger, signals } = context;
  for (const load of await readOutbox(ledger))
    await signals.loadAccepted({ id: load.id, title: loadTitle(load.request) });
  for (const loadId of await readEnded(ledger)) await signals.loadEnded(loadId);
  const unfinished = await unfinishedBulkJobs(ledger);
  for (const id of unfinished) {
    const record = await readBulkJob(ledger, id);
    if (record !== undefined)
      await signals.bulkJobClaimed({
        id,
        title: `${record.operation} ${record.objectKey}, ${record.files} parts`,
      });
  }
  await claimBulkJobs(context, signal);
  await forgetExpired(ledger, await ledgerNow(ledger));
}
