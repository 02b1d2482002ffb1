import { epochMs, type Outcome } from "@headgate/core";
import { type Job, QueueEvents, Worker } from "bullmq";
import { expect, it, onTestFinished } from "vitest";
import { doorOfTest, redisOfTest } from "../redis-loads.test-support.ts";
import { applyOutcome } from "./apply-outcome.ts";
import { queueNames, queuePrefix, taskOptions } from "./queues.ts";

/** Runs one task whose runs have these outcomes, until it has ended; answers it as it stands then. */
async function taskWith(outcomes: readonly Outcome[]): Promise<Job> {
  const door = doorOfTest();
  const shared = { connection: redisOfTest(), prefix: queuePrefix(door.prefix) };
  const ended = new QueueEvents(queueNames.loads, shared);
  await ended.waitUntilReady();
  let run = 0;
  const worker = new Worker(
    queueNames.loads,
    async (task, token) => {
      const outcome = outcomes[run++];
      if (outcome === undefined) throw new TypeError("the task ran once too often");
      return await applyOutcome(task, token, outcome, epochMs(1000));
    },
    shared,
  );
  onTestFinished(async () => {
    await worker.close();
    await ended.close();
  });
  const task = await door.queues.loads.add("title", {}, taskOptions);
  await task.waitUntilFinished(ended).catch(() => undefined);
  expect(run).toBe(outcomes.length);
  const found = await door.queues.loads.getJob(task.id ?? "");
  if (found === undefined) throw new Error("the task is gone");
  return found;
}

it("keeps the result of a task that is done", async () => {
  const task = await taskWith([{ kind: "done", result: { parts: 3 } }]);
  expect(await task.getState()).toBe("completed");
  expect(task.returnvalue).toEqual({ parts: 3 });
});

it("completes a task that is cancelled, with the reason", async () => {
  const task = await taskWith([{ kind: "cancel", reason: "on request" }]);
  expect(await task.getState()).toBe("completed");
  expect(task.returnvalue).toEqual({ cancelled: "on request" });
});

it("fails a task at once and for good, with code and message", async () => {
  const task = await taskWith([{ kind: "fail", code: "csv_empty", message: "no bytes" }]);
  expect(await task.getState()).toBe("failed");
  expect(task.failedReason).toBe("csv_empty: no bytes");
});

it("spends no attempt on any number of snoozes", async () => {
  const snooze: Outcome = { kind: "snooze", until: epochMs(1000), reason: "waits" };
  const task = await taskWith([...Array<Outcome>(40).fill(snooze), { kind: "done" }]);
  expect(await task.getState()).toBe("completed");
  expect(task.attemptsMade).toBe(1);
  expect(task.attemptsStarted).toBe(41);
});

it("delays a snoozed task by the ledger's time, whatever this machine's clock says", async () => {
  const door = doorOfTest();
  const shared = { connection: redisOfTest(), prefix: queuePrefix(door.prefix) };
  const { promise: delayed, resolve } = Promise.withResolvers<Job>();
  const worker = new Worker(
    queueNames.loads,
    async (task, token) => {
      const until = epochMs(1000 + 3_600_000);
      const answer = applyOutcome(
        task,
        token,
        { kind: "snooze", until, reason: "" },
        epochMs(1000),
      );
      return await answer.finally(() => resolve(task));
    },
    shared,
  );
  onTestFinished(() => worker.close());
  const before = Date.now();
  await door.queues.loads.add("title", {}, taskOptions);
  const { id } = await delayed;
  const task = await door.queues.loads.getJob(id ?? "");
  expect(await task?.getState()).toBe("delayed");
  expect(task?.attemptsMade).toBe(0);
  expect((task?.timestamp ?? 0) + (task?.delay ?? 0)).toBeGreaterThanOrEqual(before + 3_600_000);
});
