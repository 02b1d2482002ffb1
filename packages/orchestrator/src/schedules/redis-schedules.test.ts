import { describe, expect, it } from "vitest";
import { parseLoadRequest } from "../load-request.ts";
import { createRedisSchedules } from "./redis-schedules.ts";
import { caller, schedulesOfTest, specOf } from "./schedules.test-support.ts";

describe("the door to schedules", () => {
  it("makes, shows and removes a schedule", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    const view = await test.schedules.create("nightly", specOf(), caller);
    expect(view).toMatchObject({
      name: "nightly",
      origin: "api",
      principal: "nightly",
      paused: false,
    });
    expect(view.nextRuns.slice(0, 2)).toEqual([
      "2026-03-10T02:00:00.000Z",
      "2026-03-11T02:00:00.000Z",
    ]);
    expect(await test.schedules.list()).toEqual([view]);
    expect(await test.schedules.get("default.nightly")).toEqual(view);
    expect(await test.schedules.nextRuns("nightly", 100)).toHaveLength(100);
    await test.schedules.remove("nightly");
    expect(await test.schedules.list()).toEqual([]);
  });

  it("refuses a second one of a name, and leaves the first as it was", async () => {
    const test = schedulesOfTest();
    await test.make();
    const other = specOf({ cron: "0 5 * * *" });
    await expect(test.schedules.create("nightly", other, caller)).rejects.toMatchObject({
      code: "ERR_SCHEDULE_EXISTS",
    });
    expect((await test.schedules.get("nightly")).spec.cron).toBe("0 2 * * *");
  });

  it("refuses a schedule that cannot run, or whose owner may not load from there", async () => {
    const test = schedulesOfTest();
    const bad = test.schedules.create("bad", specOf({ timeZone: "Mars/Base" }), caller);
    await expect(bad).rejects.toMatchObject({ code: "ERR_REQUEST_INVALID" });
    const unknown = test.schedules.create("bad", specOf({ connection: "other" }), caller);
    await expect(unknown).rejects.toMatchObject({ code: "ERR_UNKNOWN_CONNECTION" });
    const access = {
      name: "nightly",
      scopes: ["admin" as const],
      connections: undefined,
      sources: ["s3://bucket/mine/"],
      limits: { requestsPerMinute: 600, pendingLoads: 10 },
    };
    const foreign = test.schedules.create("bad", specOf(), { ...caller, access });
    await expect(foreign).rejects.toMatchObject({ code: "ERR_SOURCE_NOT_ALLOWED" });
    expect(await test.schedules.list()).toEqual([]);
  });

  it.each([
    "missing",
    "",
    "default.missing",
    "other.nightly",
    "a.b.c",
    "nightly:runs",
    "default.nightly:runs",
    "../..",
    "x".repeat(100_000),
  ])("finds no schedule of the name %.20j", async (name) => {
    const test = schedulesOfTest();
    await test.make();
    await expect(test.schedules.get(name)).rejects.toMatchObject({
      code: "ERR_SCHEDULE_NOT_FOUND",
    });
  });

  it.each(["", "Nightly", "a.b", "a b", "-a", "../x", "{x}", "x".repeat(49), "x".repeat(100_000)])(
    "makes no schedule of the name %.20j",
    async (name) => {
      const test = schedulesOfTest();
      await expect(test.schedules.create(name, specOf(), caller)).rejects.toMatchObject({
        code: "ERR_REQUEST_INVALID",
        fields: { field: "name" },
      });
      expect(await test.schedules.list()).toEqual([]);
    },
  );

  it("records runs also while their queue cannot be told", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { onNoFiles: "complete" });
    const { ledger, signals } = test.door.of("default");
    const runRecorded = () => Promise.reject(new Error("the queue is away"));
    const schedules = createRedisSchedules({
      connections: new Map([["default", { ledger, signals: { ...signals, runRecorded } }]]),
      loads: test.door.loads,
      ports: test.context.ports,
    });
    await schedules.runNow("nightly", { caller });
    expect(test.events).toMatchObject([{ type: "queue.error", queue: "runs" }]);
    await test.work();
    expect(await test.runs()).toMatchObject([{ state: "complete" }]);
  });

  it("tells schedules of one name in two connections apart", async () => {
    const test = schedulesOfTest(["default", "other"]);
    await test.make();
    await test.schedules.create("nightly", specOf({ connection: "other" }), caller);
    await expect(test.schedules.get("nightly")).rejects.toMatchObject({
      code: "ERR_REQUEST_INVALID",
      message: expect.stringContaining("other.nightly"),
    });
    expect(await test.schedules.get("other.nightly")).toMatchObject({
      spec: { connection: "other" },
    });
    expect(await test.schedules.list("other")).toHaveLength(1);
  });

  it("shows runs a page at a time, newest first, and takes no foreign cursor", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { onNoFiles: "complete" });
    for (const date of ["2026-03-01", "2026-03-02", "2026-03-03"])
      await test.schedules.runNow("nightly", { date, caller });
    const first = await test.schedules.runs("nightly", { limit: 2 });
    expect(first.runs.map(({ date }) => date)).toEqual(["2026-03-03", "2026-03-02"]);
    const second = await test.schedules.runs("nightly", {
      limit: 2,
      cursor: first.nextCursor ?? "",
    });
    expect(second.runs.map(({ date }) => date)).toEqual(["2026-03-01"]);
    expect(second.nextCursor).toBeUndefined();
    await expect(test.schedules.runs("nightly", { cursor: "x" })).rejects.toMatchObject({
      code: "ERR_REQUEST_INVALID",
    });
  });

  it.each([0, 101, 1.5, Number.NaN])("shows no %s next instants", async (count) => {
    const test = schedulesOfTest();
    await test.make();
    await expect(test.schedules.nextRuns("nightly", count)).rejects.toMatchObject({
      code: "ERR_REQUEST_INVALID",
      fields: { field: "count" },
    });
  });
});

describe("a run by hand", () => {
  it("takes the date asked for, else that of now, also while the schedule is paused", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { dateOffsetDays: -1 });
    await test.schedules.pause("nightly");
    test.files.set("s3://bucket/2026-03-08/orders/a.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-01/orders/b.csv", "id\n2\n");
    const run = await test.schedules.runNow("nightly", { caller });
    expect(run).toMatchObject({ date: "2026-03-08", cause: "hand", state: "waiting" });
    await test.schedules.runNow("nightly", { date: "2026-03-01", caller });
    await test.work();
    expect(await test.loaded()).toEqual([
      "s3://bucket/2026-03-08/orders/a.csv",
      "s3://bucket/2026-03-01/orders/b.csv",
    ]);
    expect(await test.schedules.run(run.id)).toMatchObject({ state: "complete" });
  });

  it("is recorded once for an idempotency key", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    const asked = { caller, idempotencyKey: "k" };
    const run = await test.schedules.runNow("nightly", asked);
    expect((await test.schedules.runNow("nightly", asked)).id).toBe(run.id);
    const other = test.schedules.runNow("nightly", { ...asked, date: "2026-03-01" });
    await expect(other).rejects.toMatchObject({ code: "ERR_IDEMPOTENCY_CONFLICT" });
    expect(await test.runs()).toHaveLength(1);
  });

  it.each(["2026-02-30", "yesterday", "", "2026-03-01T00:00:00Z"])(
    "takes no %j for a date",
    async (date) => {
      const test = schedulesOfTest();
      await test.make();
      await expect(test.schedules.runNow("nightly", { date, caller })).rejects.toMatchObject({
        code: "ERR_REQUEST_INVALID",
        fields: { field: "date" },
      });
      expect(await test.runs()).toEqual([]);
    },
  );

  it("is cancelled with the loads that can be, however often it is asked for", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    test.files.set("s3://bucket/2026-03-09/orders/a.csv", "id\n1\n");
    const { id } = await test.schedules.runNow("nightly", { caller });
    await test.work({ loads: "rest" });
    expect(await test.schedules.cancelRun(id)).toMatchObject({
      state: "cancelled",
      targets: [{ state: "skipped" }],
    });
    expect(await test.loads()).toMatchObject([{ state: "cancelled", run: id }]);
    expect(await test.schedules.cancelRun(id)).toEqual(await test.schedules.run(id));
    for (const unknown of ["default.x", "x", "", "other.y", `${id}:files:orders`, "default.*"])
      await expect(test.schedules.cancelRun(unknown)).rejects.toMatchObject({
        code: "ERR_RUN_NOT_FOUND",
      });
    await test.work();
    expect(test.events.filter(({ type }) => type === "schedule.run-ended")).toHaveLength(1);

    const { id: over } = await test.schedules.runNow("nightly", { caller });
    await test.work();
    await expect(test.schedules.cancelRun(over)).rejects.toMatchObject({
      code: "ERR_RUN_STATE",
      fields: { run: over, state: "complete" },
    });
  });

  it("that was cancelled gets no load of a worker that was just making it, and an earlier one again", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    test.files.set("s3://bucket/2026-03-09/orders/a.csv", "id\n1\n");
    const { id: run } = await test.schedules.runNow("nightly", { caller });
    await test.work({ loads: "rest" });
    const [load] = await test.loads();
    await test.schedules.cancelRun(run);
    const request = parseLoadRequest({
      sourceName: "crm",
      object: "orders",
      operation: "upsert",
      source: { keys: ["s3://bucket/2026-03-09/orders/b.csv"] },
    });
    await expect(
      test.door.loads.accept(request, { caller, idempotencyKey: `${run}/orders/1`, run }),
    ).rejects.toMatchObject({ code: "ERR_RUN_STATE", fields: { run } });
    expect(await test.loads()).toHaveLength(1);
    const again = await test.door.loads.retry(load?.id ?? "", { caller });
    expect(again.load).toMatchObject({ state: "accepted", run });
  });

  it("goes on where its schedule is removed", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    test.files.set("s3://bucket/2026-03-09/orders/a.csv", "id\n1\n");
    const { id } = await test.schedules.runNow("nightly", { caller });
    await test.schedules.remove("nightly");
    await test.work();
    expect(await test.schedules.run(id)).toMatchObject({ state: "complete", files: 1 });
  });
});
