/** How steps and the producer reach the queues. */
import { type EpochMs, isFinalLoadState } from "@headgate/core";
import type { Job } from "bullmq";
import type { EmitEvent } from "../events.ts";
import { readableBulkJob } from "../ledger/bulk-job-record.ts";
import { type Ledger, ledgerNow } from "../ledger/ledger.ts";
import { type LoadRecord, readLoads } from "../ledger/load-record.ts";
import { acknowledgeEnd, leaveOutbox } from "../ledger/outbox.ts";
import type { TaskSignals } from "../steps/context.ts";
import { type Queues, queueNames, taskOptions } from "./queues.ts";
import { taskSeal } from "./task-seal.ts";

/** Longest jitter of a wake-up, so that workers do not all come at once. */
const jitterMs = 1000;

/** The signals of one connection; where Redis is away, ERR_REDIS_AWAY or what BullMQ throws. */
export function createTaskSignals(deps: {
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly emit: EmitEvent;
  readonly random: () => number;
}): TaskSignals {
  const { ledger, queues, emit, random } = deps;
  const { connection } = ledger;

  async function showProgress(loadId: string): Promise<LoadRecord | undefined> {
    const task = await queues.loads.getJob(loadId);
    // Whoever wakes a load's task need not be able to read the load: the task fails it.
    const [load] = (await readLoads(ledger, [loadId])).loads;
    if (task === undefined || load === undefined) return load;
    await task.updateProgress({
      state: load.state,
      parts: `${load.settledParts} settled, ${load.uploadedParts} uploaded of ${load.parts}`,
      bytesUploaded: load.uploadedBytes,
      bytes: load.bytes,
    });
    return load;
  }

  async function wakeRun(runId: string): Promise<void> {
    const task = await queues.runs.getJob(runId);
    if (task !== undefined) await wake(task);
  }

  /**
   * `data` is put back, for a task whose payload someone has changed fails for good. One may fail before
   * whoever queued it looks, because what it is about has ended so; that is asked last.
   */
  async function reviveFailed(
    task: Job,
    about: { readonly what: string; readonly id: string; readonly data: object },
    hasEnded: () => Promise<boolean>,
  ): Promise<void> {
    const { what, id, data } = about;
    if (!(await task.isFailed()) || (await hasEnded())) return;
    await task.updateData(data);
    await unlessMoved(
      () => task.retry("failed"),
      () => task.isFailed(),
    );
    emit({ type: "sweep.repaired", connection, what, id });
  }

  return {
    async loadAccepted({ id, title }) {
      const data = { connection, loadId: id, ...taskSeal(ledger, queueNames.loads, id) };
      const task = await queues.loads.add(title, data, { ...taskOptions, jobId: id });
      await reviveFailed(task, { what: "task of load", id, data }, async () => {
        const [load] = (await readLoads(ledger, [id])).loads;
        return load !== undefined && isFinalLoadState(load.state);
      });
      await leaveOutbox(ledger, id);
    },
    async bulkJobClaimed({ id, title }) {
      const data = { connection, bulkJobId: id, ...taskSeal(ledger, queueNames.bulkJobs, id) };
      const task = await queues.bulkJobs.add(title, data, { ...taskOptions, jobId: id });
      await reviveFailed(
        task,
        { what: "task of bulk job", id, data },
        async () => (await readableBulkJob(ledger, id))?.phase === "ended",
      );
    },
    async bulkJobChanged(bulkJobId) {
      const task = await queues.bulkJobs.getJob(bulkJobId);
      if (task !== undefined) await wake(task);
    },
    async loadEnded(loadId) {
      const load = await showProgress(loadId);
      if (load?.run !== undefined) await wakeRun(load.run);
      const task = await queues.loads.getJob(loadId);
      if (task === undefined) await acknowledgeEnd(ledger, loadId);
      else await wake(task);
    },
    async loadProgressed(loadId) {
      await showProgress(loadId);
    },
    async runRecorded({ id, title }) {
      const data = { connection, runId: id, ...taskSeal(ledger, queueNames.runs, id) };
      const task = await queues.runs.add(title, data, { ...taskOptions, jobId: id });
      // A run that was cancelled may still have loads to cancel, so its state does not say that it is over.
      await reviveFailed(task, { what: "task of run", id, data }, () => Promise.resolve(false));
    },
    runChanged: wakeRun,
    async scheduleChanged(schedule, timing) {
      const id = `tick-${connection}-${schedule}`;
      if (timing === undefined) await queues.upkeep.removeJobScheduler(id);
      else
        await queues.upkeep.upsertJobScheduler(
          id,
          { pattern: timing.cron, tz: timing.timeZone },
          {
            name: `tick ${connection} ${schedule}`,
            data: { connection, kind: "tick" },
            opts: { removeOnComplete: { count: 50 }, removeOnFail: { count: 50 } },
          },
        );
    },
    async claimAt(until: EpochMs) {
      // Due no earlier than its id says, so that a later wake-up never has the id of one that runs.
      const second = Math.ceil(until / 1000);
      const wait = Math.max(second * 1000 - (await ledgerNow(ledger)), 0) + random() * jitterMs;
      await queues.upkeep.add(
        `claim ${connection}`,
        { connection, kind: "claim" },
        {
          jobId: `claim-${connection}-at-${second}`,
          delay: Math.ceil(wait),
          removeOnComplete: true,
          removeOnFail: true,
        },
      );
    },
  };
}

/** Makes a sleeping task run now. */
async function wake(task: Job): Promise<void> {
  if (await task.isDelayed())
    await unlessMoved(
      () => task.promote(),
      () => task.isDelayed(),
    );
}

/** Lets a change of a task fail where another worker has made it in the meantime. */
async function unlessMoved(
  change: () => Promise<void>,
  isNeeded: () => Promise<boolean>,
): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (await isNeeded()) throw error;
  }
}
