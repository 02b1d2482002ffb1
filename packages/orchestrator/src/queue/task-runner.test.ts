import { describe, expect, it, vi } from "vitest";
import { beginPlanning } from "../ledger/deaths.ts";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { fleetOfTest, type TestFleet } from "./fleet.test-support.ts";
import { queuePrefix } from "./queues.ts";

function ended(fleet: TestFleet, loadId: string) {
  return fleet.event((e) => e.type === "load.ended" && e.loadId === loadId);
}

describe("a load", () => {
  it("goes through, and its tasks tell how", async () => {
    const fleet = fleetOfTest();
    await fleet.work();
    const id = await fleet.load();
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });

    const { loads, bulkJobs } = fleet.door.queues;
    await vi.waitFor(async () => expect(await loads.getCompletedCount()).toBe(1));
    const task = await loads.getJob(id);
    expect(task).toMatchObject({
      name: "upsert crm/orders",
      returnvalue: { parts: 1, records: 1 },
    });
    const { logs } = await loads.getJobLogs(id);
    expect(logs.join("\n")).toMatch(/^\d{4}-\d\d-\d\dT[^\n]+Z load\.planned loadId=.* parts=1 /m);
    expect(logs.at(-1)).toContain("load.ended");

    await vi.waitFor(async () => expect(await bulkJobs.getCompletedCount()).toBe(1));
    const [job] = await bulkJobs.getCompleted();
    expect(job).toMatchObject({
      name: "upsert crm/orders, 1 part",
      attemptsMade: 1,
      returnvalue: { end: "complete", files: 1 },
      progress: { parts: "1 uploaded of 1" },
    });
    const types = (await bulkJobs.getJobLogs(job?.id ?? "")).logs.map((line) => line.split(" ")[1]);
    expect(types).toEqual([
      "bulk-job.opened",
      "bulk-job.part-uploaded",
      "bulk-job.closed",
      "bulk-job.seen",
      "bulk-job.ended",
    ]);
  });

  it("that is refused fails its task with code and message, at once", async () => {
    const fleet = fleetOfTest();
    await fleet.work();
    const { load } = await fleet.door.accept({ source: { uri: "s3://bucket/none.csv" } });
    expect(await ended(fleet, load.id)).toMatchObject({
      state: "failed",
      code: "source_none_matched",
    });
    const { loads } = fleet.door.queues;
    await vi.waitFor(async () => expect(await loads.getFailedCount()).toBe(1));
    expect(await loads.getJob(load.id)).toMatchObject({
      failedReason: "source_none_matched: the selection selects no object",
      attemptsMade: 1,
    });
  });
});

describe("an unexpected error", () => {
  it("is told, and the task tries again by itself", async () => {
    const fleet = fleetOfTest();
    fleet.tenant.hold("upload", async () => {
      if (fleet.tenant.calls.filter((call) => call === "upload").length === 1)
        throw new TypeError("a defect");
    });
    await fleet.work();
    const id = await fleet.load();
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    expect(fleet.events).toContainEqual({
      type: "queue.error",
      queue: "bulk-jobs",
      message: "a defect",
    });
    await vi.waitFor(async () =>
      expect(await fleet.door.queues.bulkJobs.getCompletedCount()).toBe(1),
    );
    const [task] = await fleet.door.queues.bulkJobs.getCompleted();
    expect(task?.attemptsMade).toBe(2);
  });

  it("is not what a passing fault of the API is, which spends no attempt", async () => {
    const fleet = fleetOfTest();
    const id = await fleet.load();
    fleet.tenant.failNext("upload", "ERR_API_UNREACHABLE");
    await fleet.work();
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    const { bulkJobs } = fleet.door.queues;
    await vi.waitFor(async () => expect(await bulkJobs.getCompletedCount()).toBe(1));
    expect(await bulkJobs.getCompleted()).toMatchObject([{ attemptsMade: 1 }]);
  });
});

describe("a load that a worker has died of", () => {
  it("is planned once the upload of another that its worker has under way has ended", async () => {
    const fleet = fleetOfTest();
    const { door, tenant, context } = fleet;
    const uploading = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    tenant.hold("upload", async () => {
      uploading.resolve();
      await mayEnd.promise;
    });
    await fleet.work();
    const other = await fleet.load("customers");
    await uploading.promise;
    await door.queues.loads.pause();
    const id = await fleet.load("orders");
    await beginPlanning(context.ledger, { id, planStarts: 0 });
    await door.queues.loads.resume();
    await fleet.event((e) => e.type === "load.suspect");
    expect(await loadOf(context.ledger, id)).toMatchObject({ state: "accepted", planStarts: 1 });
    mayEnd.resolve();
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    expect(await ended(fleet, other)).toMatchObject({ state: "complete" });
    const order = fleet.events.flatMap((event) =>
      event.type === "bulk-job.part-uploaded" || event.type === "load.planned"
        ? [`${event.type} ${event.loadId}`]
        : [],
    );
    const [uploaded, planned] = [`bulk-job.part-uploaded ${other}`, `load.planned ${id}`];
    expect(order.filter((line) => line === uploaded || line === planned)).toEqual([
      uploaded,
      planned,
    ]);
  });
});

describe("a task whose lines cannot be written", () => {
  it("goes on, for the ledger alone counts", async () => {
    const fleet = fleetOfTest();
    await fleet.work();
    const { door, tenant } = fleet;
    tenant.hold("create", async () => {
      const [task] = await door.queues.bulkJobs.getActive();
      await door.redis.set(`${queuePrefix(door.prefix)}:bulk-jobs:${task?.id}:logs`, "no list");
    });
    const id = await fleet.load();
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    const opened = await fleet.event((e) => e.type === "bulk-job.opened");
    const task = await door.queues.bulkJobs.getJob("bulkJobId" in opened ? opened.bulkJobId : "");
    await vi.waitFor(async () => expect(await task?.isCompleted()).toBe(true));
    expect(tenant.calls.filter((call) => call === "upload")).toHaveLength(1);
  });
});

describe("a worker that stops", () => {
  it("ends the step under way at once and gives the task back unspent", async () => {
    const fleet = fleetOfTest();
    const { tenant, door } = fleet;
    const { promise: uploading, resolve } = Promise.withResolvers<void>();
    tenant.hold("upload", async (signal) => {
      resolve();
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
    });
    const first = await fleet.work();
    const id = await fleet.load();
    await uploading;
    await first.close();
    const [task] = await door.queues.bulkJobs.getJobs(["waiting", "delayed"]);
    expect(task).toMatchObject({ attemptsMade: 0 });

    tenant.hold("upload", async () => undefined);
    await fleet.work();
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    expect(tenant.bulkJobs.size).toBe(1);
    await vi.waitFor(async () => expect(await task?.isCompleted()).toBe(true));
    expect((await door.queues.bulkJobs.getJob(task?.id ?? ""))?.attemptsMade).toBe(1);
  });
});

it("refuses a task of a connection it does not have, or with another payload, by name", async () => {
  const fleet = fleetOfTest();
  await fleet.work();
  const { loads } = fleet.door.queues;
  await loads.add("t", { connection: "emea", loadId: "emea.1" }, { jobId: "foreign" });
  await loads.add("t", { connection: "default" }, { jobId: "short" });
  await vi.waitFor(async () => expect(await loads.getFailedCount()).toBe(2));
  expect((await loads.getJob("foreign"))?.failedReason).toBe(
    'connection "emea" is not configured here; configured: default',
  );
  expect((await loads.getJob("short"))?.failedReason).toContain("loadId");
});

it("waits a little where another worker has moved the record on, and spends no attempt", async () => {
  const fleet = fleetOfTest();
  const { tenant, door, context } = fleet;
  tenant.hold("create", async () => {
    if (tenant.calls.filter((call) => call === "create").length > 1) return;
    const [task] = await door.queues.bulkJobs.getActive();
    await door.redis.hincrby(`${context.ledger.base}bulk-job:${task?.id}`, "revision", 1);
  });
  await fleet.work();
  const id = await fleet.load();
  expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
  expect(fleet.events).toContainEqual(
    expect.objectContaining({ type: "bulk-job.opened", adopted: true }),
  );
  expect(tenant.bulkJobs.size).toBe(1);
  await vi.waitFor(async () => expect(await door.queues.bulkJobs.getCompletedCount()).toBe(1));
  const [task] = await door.queues.bulkJobs.getCompleted();
  expect(task?.attemptsMade).toBe(1);
});
