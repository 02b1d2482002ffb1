/**
 * The queues that people see in Bull Board. A task of `loads` is one load, of `bulk-jobs` one bulk
 * job, of `runs` one run of a schedule, of `errands` what someone waits for, of `upkeep` one round of
 * upkeep of a connection. Tasks carry ids only; all facts stand in the ledger.
 */
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";
import { errandKinds } from "../errands.ts";

/** Names of the queues, as Bull Board shows them. */
export const queueNames = {
  loads: "loads",
  bulkJobs: "bulk-jobs",
  runs: "runs",
  errands: "errands",
  upkeep: "upkeep",
} as const;

/** The queues, open. */
export interface Queues {
  readonly loads: Queue;
  readonly bulkJobs: Queue;
  readonly runs: Queue;
  readonly errands: Queue;
  readonly upkeep: Queue;
  close(): Promise<void>;
}

/** All BullMQ keys of a deployment share one hash slot: `{<prefix>}:<queue>:…`. */
export function queuePrefix(prefix: string): string {
  return `{${prefix}}`;
}

/** Opens the queues on a connection that the caller closes. */
export function openQueues(options: { readonly redis: Redis; readonly prefix: string }): Queues {
  const open = (name: string): Queue =>
    new Queue(name, { connection: options.redis, prefix: queuePrefix(options.prefix) });
  const loads = open(queueNames.loads);
  const bulkJobs = open(queueNames.bulkJobs);
  const runs = open(queueNames.runs);
  const errands = open(queueNames.errands);
  const upkeep = open(queueNames.upkeep);
  const all = [loads, bulkJobs, runs, errands, upkeep];
  for (const queue of all) queue.on("error", () => undefined);
  return {
    loads,
    bulkJobs,
    runs,
    errands,
    upkeep,
    async close() {
      await Promise.all(all.map((queue) => queue.close()));
    },
  };
}

const connection = z.string();
/** Of the task's queue and id, where a key is configured; see ../seals/. */
const seal = z.string().optional();

/** Payload of each queue's tasks. Those of upkeep name nothing that is not done by itself, so need no seal. */
export const loadTask = z.strictObject({ connection, loadId: z.string(), seal });
export const bulkJobTask = z.strictObject({ connection, bulkJobId: z.string(), seal });
export const runTask = z.strictObject({ connection, runId: z.string(), seal });
export const errandTask = z.strictObject({
  connection,
  errandId: z.string(),
  kind: z.enum(errandKinds),
  seal,
});
export const upkeepTask = z.strictObject({
  connection,
  kind: z.enum(["claim", "sweep", "reap", "tick"]),
});

/** Days that finished tasks stay in the board; the ledger keeps loads longer. */
const boardDays = 7;

/** Tries of a task that ends in an unexpected error; passing faults of the API or the store spend none. */
export const taskOptions = {
  attempts: 25,
  backoff: { type: "custom" },
  removeOnComplete: { age: boardDays * 24 * 3600, count: 10_000 },
  removeOnFail: { age: boardDays * 24 * 3600, count: 10_000 },
};

/** Wait before a task that met an unexpected error is tried again: 1 s doubling to 1 min. */
export function unexpectedErrorWaitMs(attemptsMade: number): number {
  return Math.min(1000 * 2 ** (attemptsMade - 1), 60_000);
}
