/**
 * What headgate relies on in its task queues, as a vitest suite: BullMQ on the real Redis passes it,
 * and so must anything that stands in for it in a simulation.
 */
import { type EpochMs, epochMs, type Outcome } from "@headgate/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Queues } from "./queues.ts";

/** A task as the worker has it that took it. */
export interface HeldTask {
  readonly id: string;
  /** How it looks to its worker. */
  readonly attemptsMade: number;
  readonly stalledCounter: number;
  /** Asks for more time; whether the lock was still held. */
  extend(): Promise<boolean>;
  /** Ends the run with an outcome, by `applyOutcome`, or with an unexpected error. */
  end(outcome: Outcome | Error): Promise<void>;
}

export interface OpenTaskQueues {
  readonly queues: Pick<Queues, "bulkJobs" | "upkeep">;
  /** The ledger's time by which snoozes are reckoned. */
  now(): EpochMs;
  /** The next task that waits, taken by another worker each time; undefined where none does. */
  take(queue: "bulkJobs" | "upkeep"): Promise<HeldTask | undefined>;
  /** Lets the lock of a held task run out, and resolves once the task waits again. */
  abandon(task: HeldTask): Promise<void>;
  close(): Promise<void>;
}

export interface TaskQueuesSubject {
  readonly name: string;
  open(): Promise<OpenTaskQueues>;
}

const hourMs = 3_600_000;
const options = { attempts: 3, backoff: { type: "custom" }, jobId: "a" } as const;

export function describeTaskQueues(subject: TaskQueuesSubject): void {
  describe(`task queues: ${subject.name}`, () => {
    let open: OpenTaskQueues;
    beforeEach(async () => {
      open = await subject.open();
    });
    afterEach(async () => {
      await open.close();
    });

    const add = () => open.queues.bulkJobs.add("title", { bulkJobId: "a" }, options);
    const stateOf = async () => (await open.queues.bulkJobs.getJob("a"))?.getState();
    async function taken(queue: "bulkJobs" | "upkeep" = "bulkJobs"): Promise<HeldTask> {
      const task = await open.take(queue);
      if (task === undefined) throw new Error("no task is waiting");
      return task;
    }

    it("ignore an id while its task exists, whatever its state", async () => {
      await add();
      await add();
      const task = await taken();
      expect(await open.take("bulkJobs")).toBeUndefined();
      await add();
      expect(await stateOf()).toBe("active");
      await task.end({ kind: "done" });
      await add();
      expect(await stateOf()).toBe("completed");
    });

    it("take an id again where its task was removed at its end", async () => {
      const once = () =>
        open.queues.upkeep.add("claim", {}, { jobId: "claim", removeOnComplete: true });
      await once();
      await (await taken("upkeep")).end({ kind: "done" });
      await once();
      expect(await taken("upkeep")).toMatchObject({ id: "claim" });
    });

    it("let a snoozed task sleep, at no cost, until it is promoted", async () => {
      await add();
      const until = epochMs(open.now() + hourMs);
      await (await taken()).end({ kind: "snooze", until, reason: "waits" });
      expect(await stateOf()).toBe("delayed");
      const task = await open.queues.bulkJobs.getJob("a");
      await task?.promote();
      await expect(task?.promote()).rejects.toThrow();
      expect(await taken()).toMatchObject({ id: "a", attemptsMade: 0 });
    });

    it("fail a task at once where its outcome says so, and let it run again when asked", async () => {
      await add();
      await (await taken()).end({ kind: "fail", code: "refused", message: "no" });
      expect(await stateOf()).toBe("failed");
      await (await open.queues.bulkJobs.getJob("a"))?.retry("failed");
      expect(await taken()).toMatchObject({ id: "a" });
    });

    it("let a task sleep after an unexpected error, and fail it after the last attempt", async () => {
      await add();
      for (let attempt = 1; attempt < options.attempts; attempt++) {
        await (await taken()).end(new TypeError("a defect"));
        expect(await stateOf()).toBe("delayed");
        const task = await open.queues.bulkJobs.getJob("a");
        expect(task?.attemptsMade).toBe(attempt);
        await task?.promote();
      }
      await (await taken()).end(new TypeError("a defect"));
      expect(await stateOf()).toBe("failed");
    });

    it("give a task whose lock ran out to another worker, at no cost of an attempt", async () => {
      await add();
      const old = await taken();
      expect(await old.extend()).toBe(true);
      await open.abandon(old);
      const task = await taken();
      expect(task).toMatchObject({ id: "a", attemptsMade: 0, stalledCounter: 1 });
      expect(await old.extend()).toBe(false);
      expect(await task.extend()).toBe(true);
    });

    it("change nothing for a worker that has lost the lock", async () => {
      for (const outcome of [
        { kind: "done" },
        { kind: "fail", code: "refused", message: "no" },
        { kind: "snooze", until: epochMs(open.now() + hourMs), reason: "waits" },
        new TypeError("a defect"),
      ] as const) {
        await add();
        const old = await taken();
        await open.abandon(old);
        const task = await taken();
        await old.end(outcome);
        expect(await stateOf()).toBe("active");
        await task.end({ kind: "done" });
        await (await open.queues.bulkJobs.getJob("a"))?.remove();
      }
    });

    it("keep one round of a scheduler at a time, and make the next when it is taken", async () => {
      const { upkeep } = open.queues;
      const schedule = () =>
        upkeep.upsertJobScheduler("sweep", { every: hourMs }, { name: "sweep", data: {} });
      await schedule();
      await schedule();
      expect(await upkeep.getJobScheduler("sweep")).toBeDefined();
      const [first, ...others] = await upkeep.getDelayed();
      expect(others).toEqual([]);
      await first?.promote();
      const round = await taken("upkeep");
      const [next] = await upkeep.getDelayed();
      expect(next?.id).not.toBe(round.id);
      await upkeep.removeJobScheduler("sweep");
      expect(await upkeep.getJobScheduler("sweep")).toBeUndefined();
    });
  });
}
