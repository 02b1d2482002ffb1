import { expect, it } from "vitest";
import { testSchedule } from "./schedule-test.ts";
import { caller, schedulesOfTest } from "./schedules.test-support.ts";

const signal = new AbortController().signal;
const request = { kind: "schedule-test", connection: "default", schedule: "nightly" } as const;

it("shows what a run would take, what it waits for and what is loaded already, and records nothing", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-10T12:00:00Z");
  const orders = {
    sourceName: "crm",
    object: "orders",
    source: { prefix: "s3://bucket/{yyyy-MM-dd}/orders/" },
  };
  const items = {
    sourceName: "crm",
    object: "items",
    source: { prefix: "s3://bucket/{yyyy-MM-dd}/items/" },
  };
  await test.make("nightly", {
    lookBackDays: 1,
    targets: [orders, { ...items, gate: { file: "_SUCCESS" } }],
  });
  test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
  test.files.set("s3://bucket/2026-03-10/items/a.csv", "id\n1\n");
  await test.schedules.runNow("nightly", { date: "2026-03-10", caller });
  await test.work();
  test.files.set("s3://bucket/2026-03-10/orders/b.csv", "id\n2\n");
  const { redis, base } = test.context.ledger;
  const keys = (await redis.keys(`${base}*`)).sort();

  const report = await testSchedule(test.context, { ...request, date: "2026-03-11" }, signal);
  expect(report).toEqual({
    schedule: "nightly",
    date: "2026-03-11",
    targets: [
      {
        name: "orders",
        sources: ["s3://bucket/2026-03-10/orders/", "s3://bucket/2026-03-11/orders/"],
        ready: true,
        files: [{ uri: "s3://bucket/2026-03-10/orders/b.csv", bytes: 5 }],
        newFiles: 1,
        bytes: 5,
        alreadyLoaded: 1,
      },
      {
        name: "items",
        sources: ["s3://bucket/2026-03-10/items/", "s3://bucket/2026-03-11/items/"],
        ready: false,
        waitsFor: "s3://bucket/2026-03-11/items/_SUCCESS",
        files: [],
        newFiles: 0,
        bytes: 0,
        alreadyLoaded: 0,
      },
    ],
  });
  expect((await redis.keys(`${base}*`)).sort()).toEqual(keys);
});

it("knows no schedule of another name", async () => {
  const test = schedulesOfTest();
  const asked = testSchedule(test.context, { ...request, date: "2026-03-11" }, signal);
  await expect(asked).rejects.toMatchObject({ code: "ERR_SCHEDULE_NOT_FOUND" });
});
