/** BullMQ on the real Redis, held to what headgate relies on. */
import { epochMs, seconds } from "@headgate/core";
import { Worker } from "bullmq";
import { doorOfTest, redisOfTest } from "../redis-loads.test-support.ts";
import { applyOutcome } from "./apply-outcome.ts";
import { describeTaskQueues, type HeldTask } from "./conformance.ts";
import { queueNames, queuePrefix, unexpectedErrorWaitMs } from "./queues.ts";

/** Pace of looking for abandoned tasks. */
const lookEveryMs = 5;

describeTaskQueues({
  name: "BullMQ",
  async open() {
    const door = doorOfTest();
    const prefix = queuePrefix(door.prefix);
    const now = () => epochMs(Date.now());
    const workers: Worker[] = [];
    const queueOf = new Map<HeldTask, string>();
    const work = (queue: string): Worker => {
      const worker = new Worker(queue, null, {
        connection: redisOfTest(),
        prefix,
        stalledInterval: lookEveryMs,
        maxStalledCount: 1000,
        settings: { backoffStrategy: unexpectedErrorWaitMs },
      });
      workers.push(worker);
      return worker;
    };
    return {
      queues: door.queues,
      now,
      async take(name) {
        const queue = queueNames[name];
        const token = `worker${workers.length}`;
        const task = await work(queue).getNextJob(token, { block: false });
        if (task === undefined) return undefined;
        const held: HeldTask = {
          id: task.id ?? "",
          attemptsMade: task.attemptsMade,
          stalledCounter: task.stalledCounter,
          extend: async () => (await task.extendLock(token, seconds(30)).catch(() => 0)) === 1,
          async end(outcome) {
            try {
              if (outcome instanceof Error) throw outcome;
              const value = await applyOutcome(task, token, outcome, now());
              await task.moveToCompleted(value, token, false);
            } catch (error) {
              if (!(error instanceof Error) || error.name === "DelayedError") return;
              // Of a task that it has lost a worker hears only this.
              await task.moveToFailed(error, token, false).catch(() => undefined);
            }
          },
        };
        queueOf.set(held, queue);
        return held;
      },
      async abandon(task) {
        const queue = queueOf.get(task) ?? "";
        await door.redis.del(`${prefix}:${queue}:${task.id}:lock`);
        const worker = work(queue);
        const { promise: stalled, resolve } = Promise.withResolvers<string>();
        worker.on("stalled", resolve);
        await worker.startStalledCheckTimer();
        await stalled;
        // It would be the one that notices the next.
        await worker.close();
      },
      async close() {
        await Promise.all(workers.map((worker) => worker.close()));
      },
    };
  },
});
