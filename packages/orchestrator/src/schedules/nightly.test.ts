import { describe, expect, it } from "vitest";
import { schedulesOfTest, stepOf } from "./schedules.test-support.ts";

const crm = { sourceName: "crm" } as const;
const orders = { ...crm, object: "orders", source: { prefix: "s3://bucket/{yyyy-MM-dd}/orders/" } };
const customers = {
  ...crm,
  object: "customers",
  source: { prefix: "s3://bucket/{yyyy-MM-dd}/customers/" },
};

describe("a nightly run", () => {
  it("loads the files of its date and ends with one summary", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-10/orders/b.csv", "id\n22\n");
    test.files.set("s3://bucket/2026-03-09/orders/old.csv", "id\n3\n");
    await test.work();
    expect(await test.runs()).toEqual([]);

    test.setNow("2026-03-10T02:00:01Z");
    await test.work();
    expect(await test.runs()).toMatchObject([
      {
        schedule: "nightly",
        date: "2026-03-10",
        cause: "cron",
        state: "complete",
        dueAt: "2026-03-10T02:00:00.000Z",
        files: 2,
        bytes: 11,
        records: 1,
        targets: [{ name: "orders", state: "complete" }],
      },
    ]);
    expect(await test.loaded()).toEqual([
      "s3://bucket/2026-03-10/orders/a.csv",
      "s3://bucket/2026-03-10/orders/b.csv",
    ]);
    const ended = test.events.filter(({ type }) => type === "schedule.run-ended");
    expect(ended).toMatchObject([{ state: "complete", files: 2, bytes: 11, records: 1 }]);
    expect(await test.loads()).toMatchObject([{ principal: "nightly", via: "schedule" }]);
  });

  it("starts once an instant, however often it is looked for", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    test.setNow("2026-03-10T02:00:00Z");
    await Promise.all(
      [test.work(), test.work(), test.work()].map((work) => work.catch(() => undefined)),
    );
    await test.work();
    expect(await test.runs()).toHaveLength(1);
  });

  it("fails a target whose load has a torn record, by name, and the other schedules go on", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("torn");
    await test.make("whole", { targets: [customers] });
    test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-10/customers/a.csv", "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work({ loads: "rest" });
    const [load] = (await test.loads()).filter(({ object }) => object === "orders");
    const { base } = test.context.ledger;
    await test.door.redis.hset(`${base}load:${load?.id}`, "request", "{torn");
    await test.work();
    expect((await test.runs("torn"))[0]).toMatchObject({
      state: "failed",
      targets: [
        {
          reason: { code: "record_unreadable", message: expect.stringContaining(load?.id ?? "?") },
        },
      ],
    });
    expect(await test.runs("whole")).toMatchObject([{ state: "complete", records: 1 }]);
  });

  it("loads customers before orders", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { targets: [customers, orders] });
    test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-10/customers/a.csv", "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work({ loads: "rest" });
    expect((await test.runs())[0]?.targets).toMatchObject([
      { state: "loading" },
      { state: "blocked" },
    ]);
    await test.work();
    expect((await test.loads()).map(({ object }) => object)).toEqual(["customers", "orders"]);
    expect(await test.runs()).toMatchObject([{ state: "complete", files: 2 }]);
  });

  it("skips the targets behind one that failed, and fails with its reason", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { targets: [customers, orders] });
    test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-10/customers/a.csv", "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work({ loads: "fail" });
    expect(await test.runs()).toMatchObject([
      {
        state: "failed",
        reason: { code: "source_changed", message: expect.stringContaining("customers") },
        targets: [
          { state: "failed" },
          { state: "skipped", reason: { message: expect.stringContaining("customers") } },
        ],
      },
    ]);
    expect(await test.loads()).toHaveLength(1);
  });

  it("takes a thousand files a load, in order", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make();
    const uris = Array.from(
      { length: 2001 },
      (_, i) => `s3://bucket/2026-03-10/orders/${String(i).padStart(4, "0")}.csv`,
    );
    for (const uri of uris) test.files.set(uri, `id\n${uri}\n`);
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect(await test.loads()).toHaveLength(3);
    expect(await test.loaded()).toEqual(uris);
    expect(await test.runs()).toMatchObject([{ state: "complete", files: 2001, records: 3 }]);
  });
});

it("fails its target where more files lie there than a look takes, all dates together", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await test.make("nightly", { lookBackDays: 1 });
  const context = { ...test.context, settings: { ...test.context.settings, filesPerLook: 3 } };
  for (const day of ["09", "10"])
    for (const name of ["a", "b"])
      test.files.set(`s3://bucket/2026-03-${day}/orders/${name}.csv`, "id\n1\n");
  test.setNow("2026-03-10T02:00:00Z");
  await test.work({ context });
  const message =
    "there are more than 3 files, which are allowed in one look; s3://bucket/2026-03-10/orders/b.csv is over";
  expect(await test.runs()).toMatchObject([
    { state: "failed", targets: [{ reason: { code: "source_too_many", message } }] },
  ]);
  expect(await test.loads()).toEqual([]);
});

describe("a gate", () => {
  it("holds a target back until its file is there, which is never loaded", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { targets: [{ ...orders, gate: { file: "_SUCCESS" } }] });
    test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect((await test.runs())[0]?.targets).toMatchObject([
      {
        state: "gathering",
        reason: { message: "s3://bucket/2026-03-10/orders/_SUCCESS is not there" },
      },
    ]);
    expect(test.events.filter(({ type }) => type === "schedule.run-waits")).toHaveLength(1);

    test.files.set("s3://bucket/2026-03-10/orders/_SUCCESS", "");
    test.files.set("s3://bucket/2026-03-10/orders/sub/_SUCCESS", "");
    await test.work();
    expect(await test.loaded()).toEqual(["s3://bucket/2026-03-10/orders/a.csv"]);
  });

  it("fails its target when it has not come in time, and nothing is loaded", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", {
      waitSeconds: 3600,
      targets: [{ ...orders, gate: { file: "_SUCCESS" } }],
    });
    test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    test.setNow("2026-03-10T03:00:00Z");
    await test.work();
    expect(await test.runs()).toMatchObject([
      { state: "failed", reason: { code: "gate_timeout" } },
    ]);
    expect(await test.loads()).toEqual([]);
  });

  it("may be a manifest, which says what is loaded, once all of it is there", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { targets: [{ ...orders, gate: { manifest: "m.json" } }] });
    const listed = "s3://bucket/2026-03-10/orders/a.csv";
    test.files.set("s3://bucket/2026-03-10/orders/other.csv", "id\n1\n");
    test.files.set(
      "s3://bucket/2026-03-10/orders/m.json",
      JSON.stringify({ entries: [{ url: listed }] }),
    );
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect((await test.runs())[0]?.targets).toMatchObject([
      { state: "gathering", reason: { message: `${listed} is not there` } },
    ]);
    test.files.set(listed, "id\n2\n");
    await test.work();
    expect(await test.loaded()).toEqual([listed]);
  });
});

it("waits for each file that is named", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  const keys = ["a", "b"].map((name) => `s3://bucket/{yyyyMMdd}-${name}.csv`);
  await test.make("nightly", { targets: [{ ...orders, source: { keys } }] });
  test.files.set("s3://bucket/20260310-a.csv", "id\n1\n");
  test.setNow("2026-03-10T02:00:00Z");
  await test.work();
  expect((await test.runs())[0]?.targets).toMatchObject([
    { state: "gathering", reason: { message: "s3://bucket/20260310-b.csv is not there" } },
  ]);
  test.files.set("s3://bucket/20260310-b.csv", "id\n2\n");
  await test.work();
  expect(await test.loaded()).toEqual(["s3://bucket/20260310-a.csv", "s3://bucket/20260310-b.csv"]);
});

it("waits until files have not changed for the settle time", async () => {
  const test = schedulesOfTest();
  const uri = "s3://bucket/2026-03-10/orders/a.csv";
  test.setNow("2026-03-09T12:00:00Z");
  await test.make("nightly", { settleSeconds: 60 });
  test.files.set(uri, "id\n1\n");
  test.setNow("2026-03-10T02:00:00Z");
  await test.work();
  test.files.set(uri, "id\n1\n2\n");
  test.setNow("2026-03-10T02:01:00Z");
  await test.work();
  expect(await test.loads()).toEqual([]);
  const [run] = await test.runs();
  expect(await stepOf(test, run?.id ?? "")).toMatchObject({
    kind: "snooze",
    until: Date.parse("2026-03-10T02:01:30Z"),
  });
  test.setNow("2026-03-10T02:02:00Z");
  await test.work();
  expect(await test.loaded()).toEqual([uri]);
});

it("looks at its loads again soon while they are young, should a wake-up be missed", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await test.make();
  test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
  test.setNow("2026-03-10T02:00:00Z");
  await test.work({ loads: "rest" });
  const [run] = await test.runs();
  for (const [now, until] of [
    ["02:00:00", "02:00:01"],
    ["02:00:20", "02:00:40"],
    ["05:00:00", "05:01:00"],
  ]) {
    test.setNow(`2026-03-10T${now}Z`);
    expect(await stepOf(test, run?.id ?? "")).toMatchObject({
      kind: "snooze",
      until: Date.parse(`2026-03-10T${until}Z`),
    });
  }
});

describe("late files", () => {
  it("are found within the look-back, and nothing goes twice", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { lookBackDays: 2 });
    for (const day of ["09", "10", "11"])
      test.files.set(`s3://bucket/2026-03-${day}/orders/a.csv`, `id\n${day}\n`);
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    test.files.set("s3://bucket/2026-03-10/orders/late.csv", "id\n1\n");
    test.setNow("2026-03-11T02:00:00Z");
    await test.work();
    expect(await test.loaded()).toEqual([
      "s3://bucket/2026-03-09/orders/a.csv",
      "s3://bucket/2026-03-10/orders/a.csv",
      "s3://bucket/2026-03-10/orders/late.csv",
      "s3://bucket/2026-03-11/orders/a.csv",
    ]);
  });

  it("of a date whose gate is still closed are left alone", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-10T12:00:00Z");
    await test.make("nightly", {
      lookBackDays: 1,
      targets: [{ ...orders, gate: { file: "_SUCCESS" } }],
    });
    test.files.set("s3://bucket/2026-03-10/orders/half.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-11/orders/a.csv", "id\n1\n");
    test.files.set("s3://bucket/2026-03-11/orders/_SUCCESS", "");
    test.setNow("2026-03-11T02:00:00Z");
    await test.work();
    expect(await test.loaded()).toEqual(["s3://bucket/2026-03-11/orders/a.csv"]);
  });

  it("count again where they were overwritten", async () => {
    const test = schedulesOfTest();
    const uri = "s3://bucket/2026-03-10/orders/a.csv";
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { lookBackDays: 1, onNoFiles: "complete" });
    test.files.set(uri, "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    test.files.set(uri, "id\n2\n");
    test.setNow("2026-03-11T02:00:00Z");
    await test.work();
    test.setNow("2026-03-12T02:00:00Z");
    await test.work();
    expect(await test.loaded()).toEqual([uri, uri]);
  });

  it("count as they were loaded, where they changed between listing and loading", async () => {
    const test = schedulesOfTest();
    const uri = "s3://bucket/2026-03-10/orders/a.csv";
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { lookBackDays: 1, onNoFiles: "complete" });
    test.files.set(uri, "id\n1\n");
    test.setNow("2026-03-10T02:00:00Z");
    await test.work({ loads: "rest" });
    test.files.set(uri, "id\n2\n");
    await test.work();
    test.setNow("2026-03-11T02:00:00Z");
    await test.work();
    expect(await test.loaded()).toEqual([uri]);
  });
});

describe("no new file", () => {
  it("is waited for and then fails the run", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { waitSeconds: 3600 });
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect(await test.runs()).toMatchObject([{ state: "running" }]);
    test.setNow("2026-03-10T03:00:00Z");
    await test.work();
    expect(await test.runs()).toMatchObject([
      { state: "failed", reason: { code: "source_none_matched" } },
    ]);
  });

  it("completes the run where the schedule says so", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { onNoFiles: "complete" });
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect(await test.runs()).toMatchObject([{ state: "complete", files: 0 }]);
  });
});
