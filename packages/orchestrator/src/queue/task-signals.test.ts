import { epochMs } from "@headgate/core";
import { UnrecoverableError, Worker } from "bullmq";
import { describe, expect, it, onTestFinished } from "vitest";
import { cancelLoad } from "../ledger/cancel.ts";
import { addLoad } from "../ledger/ledger.test-support.ts";
import { doorOfTest, redisOfTest, type TestDoor } from "../redis-loads.test-support.ts";
import { queueNames, queuePrefix } from "./queues.ts";

/** Takes the next task of a queue as a worker does, and holds it. */
async function take(door: TestDoor, queue: string) {
  const worker = new Worker(queue, null, {
    connection: redisOfTest(),
    prefix: queuePrefix(door.prefix),
  });
  onTestFinished(() => worker.close());
  const task = await worker.getNextJob("token");
  if (task === undefined) throw new Error("no task is waiting");
  return task;
}

async function claims({ queues }: TestDoor): Promise<readonly (string | undefined)[]> {
  return (await queues.upkeep.getJobs(["waiting", "delayed"])).map((task) => task.id);
}

describe("a load that is accepted", () => {
  it("has one task, named for people, and leaves the outbox", async () => {
    const door = doorOfTest();
    const { ledger, signals } = door.of("default");
    const id = await addLoad(ledger, { id: "a" });
    expect(await door.redis.smembers(`${ledger.base}outbox`)).toEqual([id]);

    await signals.loadAccepted({ id, title: "upsert crm/orders" });
    await signals.loadAccepted({ id, title: "upsert crm/orders" });
    expect(await door.redis.smembers(`${ledger.base}outbox`)).toEqual([]);
    const tasks = await door.queues.loads.getWaiting();
    expect(tasks).toMatchObject([
      { id, name: "upsert crm/orders", data: { connection: "default", loadId: id } },
    ]);
  });

  it("has its task back where that had failed for good", async () => {
    const door = doorOfTest();
    const { ledger, signals } = door.of("default");
    const id = await addLoad(ledger, { id: "a" });
    await signals.loadAccepted({ id, title: "t" });
    const task = await take(door, queueNames.loads);
    await task.moveToFailed(new UnrecoverableError("a defect"), "token");
    expect(await task.isFailed()).toBe(true);

    await signals.loadAccepted({ id, title: "t" });
    expect(await task.isWaiting()).toBe(true);
    expect(door.events).toMatchObject([{ type: "sweep.repaired", what: "task of load", id }]);
  });

  it("has its task left alone where that failed because the load has ended", async () => {
    const door = doorOfTest();
    const { ledger, signals } = door.of("default");
    const id = await addLoad(ledger, { id: "a" });
    await signals.loadAccepted({ id, title: "t" });
    const task = await take(door, queueNames.loads);
    await cancelLoad(ledger, id);
    await task.moveToFailed(new UnrecoverableError("refused"), "token");

    await signals.loadAccepted({ id, title: "t" });
    expect(await task.isFailed()).toBe(true);
    expect(door.events).toEqual([]);
  });
});

describe("a bulk job that is claimed", () => {
  it("has one task that runs soon, and has it back where it had failed for good", async () => {
    const door = doorOfTest();
    const { signals } = door.of("default");
    const job = { id: "job1", title: "upsert crm/orders, 3 parts" };
    await signals.bulkJobClaimed(job);
    await signals.bulkJobClaimed(job);
    const task = await take(door, queueNames.bulkJobs);
    expect(task).toMatchObject({
      id: "job1",
      name: "upsert crm/orders, 3 parts",
      data: { connection: "default", bulkJobId: "job1" },
    });
    expect(await door.queues.bulkJobs.getWaitingCount()).toBe(0);
    await task.moveToFailed(new UnrecoverableError("a defect"), "token");

    await signals.bulkJobClaimed(job);
    expect(await task.isWaiting()).toBe(true);
    expect(door.events).toMatchObject([
      { type: "sweep.repaired", what: "task of bulk job", id: "job1" },
    ]);
  });

  it("has its sleeping task woken when it has changed", async () => {
    const door = doorOfTest();
    const { signals } = door.of("default");
    await signals.bulkJobClaimed({ id: "job1", title: "t" });
    const task = await take(door, queueNames.bulkJobs);
    await signals.bulkJobChanged("job1");
    expect(await task.isActive()).toBe(true);
    await task.moveToDelayed(Date.now() + 3_600_000, "token");
    await signals.bulkJobChanged("job1");
    expect(await task.isWaiting()).toBe(true);
    await signals.bulkJobChanged("none");
  });
});

describe("a load that has ended", () => {
  it("has its sleeping task woken, which shows how far the load is", async () => {
    const door = doorOfTest();
    const { ledger, signals } = door.of("default");
    const id = await addLoad(ledger, { id: "a", parts: 2 });
    await signals.loadAccepted({ id, title: "t" });
    const task = await take(door, queueNames.loads);
    await task.moveToDelayed(Date.now() + 3_600_000, "token");
    await cancelLoad(ledger, id);

    await signals.loadEnded(id);
    expect(await task.isWaiting()).toBe(true);
    const { progress } = (await door.queues.loads.getJob(id)) ?? {};
    expect(progress).toMatchObject({ state: "cancelled" });
    expect(await door.redis.smembers(`${ledger.base}ended`)).toEqual([id]);
  });

  it("is not asked after again where its task is gone", async () => {
    const door = doorOfTest();
    const { ledger, signals } = door.of("default");
    const id = await addLoad(ledger, { id: "a" });
    await cancelLoad(ledger, id);
    await signals.loadEnded(id);
    expect(await door.redis.smembers(`${ledger.base}ended`)).toEqual([]);
  });

  it("can be told by many at once", async () => {
    const door = doorOfTest();
    const { ledger, signals } = door.of("default");
    const id = await addLoad(ledger, { id: "a" });
    await signals.loadAccepted({ id, title: "t" });
    const task = await take(door, queueNames.loads);
    await task.moveToDelayed(Date.now() + 3_600_000, "token");
    await Promise.all(Array.from({ length: 10 }, () => signals.loadEnded(id)));
    expect(await task.isWaiting()).toBe(true);
  });
});

describe("a wake-up", () => {
  it("is one task an instant, due then and named for people", async () => {
    const door = doorOfTest();
    const { signals } = door.of("default");
    await Promise.all(Array.from({ length: 5 }, () => signals.claimAt(epochMs(1_010_000))));
    await signals.claimAt(epochMs(1_020_000));

    const tasks = await door.queues.upkeep.getDelayed();
    expect(tasks).toMatchObject([
      { name: "claim default", data: { connection: "default", kind: "claim" }, delay: 10_000 },
      { name: "claim default", delay: 20_000 },
    ]);
  });

  it("of a later instant is not lost while the task of an earlier one runs", async () => {
    const door = doorOfTest();
    const { signals } = door.of("default");
    await signals.claimAt(epochMs(1_000_100));
    const [task] = await door.queues.upkeep.getDelayed();
    const due = 1_000_000 + (task?.delay ?? 0);
    door.setNow(due);
    await task?.promote();
    await take(door, queueNames.upkeep);

    for (const later of [1, 300, 1000]) await signals.claimAt(epochMs(due + later));
    expect(await claims(door)).toHaveLength(1);
  });

  it("of an instant that is past comes at once", async () => {
    const door = doorOfTest();
    await door.of("default").signals.claimAt(epochMs(5));
    expect(await door.queues.upkeep.getWaitingCount()).toBe(1);
  });
});
