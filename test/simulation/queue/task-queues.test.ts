/** The simulated queues and workers, held to what BullMQ passes. */
import { epochMs } from "@headgate/core";
import { describeTaskQueues, type HeldTask } from "@headgate/orchestrator/conformance";
import { applyOutcome, queueNames, unexpectedErrorWaitMs } from "@headgate/orchestrator/simulation";
import { createCounters } from "../counters.ts";
import { createCrashPlan } from "../crash-points.ts";
import { createMachine } from "../machine.ts";
import { createRandom } from "../random.ts";
import { createRedisLink } from "../redis-link.ts";
import { createVirtualTime } from "../virtual-time.ts";
import { asTask, type TaskProcessor } from "./bullmq-shapes.ts";
import { createDispatch } from "./dispatch.ts";
import { openTaskQueues } from "./task-queues.ts";
import { createTaskWorker } from "./task-worker.ts";

const nothing = () => undefined;
const lockMs = 30_000;
/** Longer than a lock and the pause until somebody notices. */
const abandonedMs = 60_000;

describeTaskQueues({
  name: "simulated",
  async open() {
    const time = createVirtualTime(Date.now(), nothing);
    const random = createRandom("queues");
    const counters = createCounters();
    const health = { awayUntil: 0, fullUntil: 0, outages: 0, losses: 0 };
    const dispatch = createDispatch({ time, health, random, counters, queues: [] });
    const { store } = dispatch;
    const linkOf = (name: string) => {
      const machine = createMachine({ name, skewMs: 0, now: time.now });
      const link = createRedisLink({
        time,
        machine,
        health,
        random,
        counters,
        crashes: createCrashPlan([], { now: time.now, struck: nothing }),
        slowShare: 0,
        resendShare: () => 0,
        failsFast: false,
        written: nothing,
      });
      return { machine, link };
    };
    const pass = (spanMs: number) =>
      time.run({ until: time.now() + spanMs, settled: nothing, isOver: () => false });
    let workers = 0;
    return {
      queues: openTaskQueues(store, linkOf("door").link),
      now: () => epochMs(time.now()),
      async take(name) {
        const queue = queueNames[name];
        const [task] = store.waiting(queue);
        if (task === undefined) return undefined;
        const { machine, link } = linkOf(`w${++workers}`);
        const { promise: held, resolve } = Promise.withResolvers<HeldTask>();
        const processor: TaskProcessor = async (handle, token) => {
          const ended = Promise.withResolvers<Parameters<HeldTask["end"]>[0]>();
          resolve({
            id: handle.id,
            attemptsMade: handle.attemptsMade,
            stalledCounter: handle.stalledCounter,
            extend: async () => (await handle.extendLock(token, lockMs)) === 1,
            async end(outcome) {
              ended.resolve(outcome);
              await worker.close();
            },
          });
          const outcome = await ended.promise;
          if (outcome instanceof Error) throw outcome;
          return await applyOutcome(asTask(handle), token, outcome, epochMs(time.now()));
        };
        const worker = createTaskWorker({
          time,
          machine,
          link,
          store,
          lockMs,
          queues: new Map([[queue, { processor, concurrency: 1 }]]),
          backoffMs: unexpectedErrorWaitMs,
          hasPlace: nothing,
          unexpected: nothing,
        });
        worker.take(task);
        await pass(10);
        return await held;
      },
      abandon: () => pass(abandonedMs),
      close: () => Promise.resolve(),
    };
  },
});
