/** How steps and the producer reach the queues. */
import type { EpochMs } from "@headgate/core";
import type { EmitEvent } from "../events.ts";
import { type Ledger, ledgerNow } from "../ledger/ledger.ts";
import { readLoad } from "../ledger/load-record.ts";
import { acknowledgeEnd, leaveOutbox } from "../ledger/outbox.ts";
import type { TaskSignals } from "../steps/context.ts";
import { type Queues, taskOptions } from "./queues.ts";

/** Longest jitter of a wake-up, so that workers do not all come at once. */
const jitterMs = 1000;

export function createTaskSignals(deps: {
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly emit: EmitEvent;
  readonly random: () => number;
}): TaskSignals {
  const { ledger, queues, emit, random } = deps;
  const { connection } = ledger;

  async function showProgress(loadId: string): Promise<void> {
    const task = await queues.loads.getJob(loadId);
    const load = await readLoad(ledger, loadId);
    if (task === undefined || load === undefined) return;
    await task.updateProgress({
      state: load.state,
      parts: `${load.settledParts} settled, ${load.uploadedParts} uploaded of ${load.parts}`,
      bytesUploaded: load.uploadedBytes,
      bytes: load.bytes,
    });
  }

  return {
    async loadAccepted({ id, title }) {
      await queues.loads.add(title, { connection, loadId: id }, { ...taskOptions, jobId: id });
      await leaveOutbox(ledger, id);
    },
    async bulkJobClaimed({ id, title }) {
      const data = { connection, bulkJobId: id };
      const task = await queues.bulkJobs.add(title, data, { ...taskOptions, jobId: id });
      if (await task.isFailed()) {
        await task.retry("failed");
        emit({ type: "sweep.repaired", connection, what: "task of bulk job", id });
      }
    },
    async bulkJobChanged(bulkJobId) {
      const task = await queues.bulkJobs.getJob(bulkJobId);
      if (task !== undefined && (await task.isDelayed())) await task.promote();
    },
    async loadEnded(loadId) {
      await showProgress(loadId);
      const task = await queues.loads.getJob(loadId);
      if (task === undefined) await acknowledgeEnd(ledger, loadId);
      else if (await task.isDelayed()) await task.promote();
    },
    loadProgressed: showProgress,
    async claimAt(until: EpochMs) {
      const wait = Math.max(until - (await ledgerNow(ledger)), 0) + random() * jitterMs;
      await queues.upkeep.add(
        `claim ${connection}`,
        { connection, kind: "claim" },
        {
          jobId: `claim-${connection}-at-${Math.ceil(until / 1000)}`,
          delay: Math.ceil(wait),
          removeOnComplete: true,
          removeOnFail: true,
        },
      );
    },
  };
}
