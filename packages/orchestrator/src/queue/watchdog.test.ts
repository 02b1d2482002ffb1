import { Worker } from "bullmq";
import { expect, it, onTestFinished } from "vitest";
import type { HeadgateEvent } from "../events.ts";
import { doorOfTest, redisOfTest } from "../redis-loads.test-support.ts";
import { stopwatchOfTest } from "../stopwatch.test-support.ts";
import { queueNames, queuePrefix } from "./queues.ts";
import { openTaskTaker } from "./task-taker.ts";
import { createWatchdog } from "./watchdog.ts";

/** A watched taker whose first `stopped` loops do nothing, as a loop that has stopped by itself. */
function watchedTaker({ stopped = 0 }: { readonly stopped?: number } = {}) {
  const { prefix, queues, redis } = doorOfTest();
  const events: HeadgateEvent[] = [];
  const emit = (event: HeadgateEvent): void => void events.push(event);
  const stopwatch = stopwatchOfTest();
  const { promise: taken, resolve } = Promise.withResolvers<unknown>();
  let loops = 0;
  let hold: Promise<void> | undefined;
  const taker = openTaskTaker({
    queue: queueNames.loads,
    async process(task) {
      resolve(task.id);
      await hold;
    },
    worker: { connection: redisOfTest(), prefix: queuePrefix(prefix), concurrency: 1 },
    emit,
    open: (queue, process, options) =>
      new Worker(queue, process, { ...options, autorun: ++loops > stopped }),
  });
  onTestFinished(() => taker.close());
  const watchdog = createWatchdog({
    redis,
    takers: [{ taker, queue: queues.loads }],
    stopwatch,
    emit,
  });
  return {
    events,
    queue: queues.loads,
    taken,
    dead: watchdog.dead.then(() => "dead"),
    loops: () => loops,
    holdTasks(until: Promise<void>) {
      hold = until;
    },
    async minutes(count: number) {
      for (let look = 0; look <= 2 * count; look++) {
        if (look > 0) await stopwatch.move(30_000);
        await watchdog.look();
      }
    },
  };
}

it("opens a loop again that takes nothing for a minute, and its tasks go on", async () => {
  const { queue, minutes, events, taken } = watchedTaker({ stopped: 1 });
  await queue.add("t", {}, { jobId: "one" });
  await minutes(0.5);
  expect(events).toEqual([]);
  await minutes(1);
  expect(events).toEqual([
    { type: "worker.stuck", queue: "loads", idleMs: 60_000, next: "reopen" },
  ]);
  expect(await taken).toBe("one");
});

it("sees tasks that were to be woken long ago", async () => {
  const { queue, minutes, taken } = watchedTaker({ stopped: 1 });
  await queue.add("t", {}, { jobId: "late", delay: 1, timestamp: Date.now() - 60_000 });
  await minutes(1);
  expect(await taken).toBe("late");
});

it("gives up where a loop that was opened again is stuck too", async () => {
  const { queue, minutes, events, dead, loops } = watchedTaker({ stopped: 2 });
  await queue.add("t", {});
  await minutes(1);
  expect(await Promise.race([dead, "lives"])).toBe("lives");
  await minutes(1);
  expect(await dead).toBe("dead");
  expect(events).toMatchObject([{ next: "reopen" }, { next: "end" }]);
  expect(loops()).toBe(2);
});

it.each([
  ["there is nothing to do", undefined],
  ["the next task is not due", { delay: 3_600_000 }],
])("lets a worker rest while %s", async (_, task) => {
  const { queue, minutes, events } = watchedTaker({ stopped: 1 });
  if (task !== undefined) await queue.add("t", {}, task);
  await minutes(10);
  expect(events).toEqual([]);
});

it("lets a paused queue rest", async () => {
  const { queue, minutes, events } = watchedTaker({ stopped: 1 });
  await queue.pause();
  await queue.add("t", {});
  await minutes(10);
  expect(events).toEqual([]);
});

it("lets a worker be busy that has no room for what waits", async () => {
  const { queue, minutes, events, taken, holdTasks } = watchedTaker();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  holdTasks(held);
  await queue.addBulk([
    { name: "t", data: {} },
    { name: "t", data: {} },
  ]);
  await taken;
  await minutes(10);
  expect(events).toEqual([]);
  release();
});
