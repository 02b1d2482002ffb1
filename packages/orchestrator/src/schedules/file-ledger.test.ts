import { describe, expect, it } from "vitest";
import { digestsOf, targetKey } from "./file-ledger.ts";
import { caller, endLoad, schedulesOfTest, type TestSchedules } from "./schedules.test-support.ts";

const uri = "s3://bucket/2026-03-10/orders/a.csv";
const target = targetKey({ sourceName: "crm", object: "orders", operation: "upsert" });

/** A run of 2026-03-10 that has taken one file, whose load rests. */
async function oneFileTaken(): Promise<TestSchedules> {
  const test = schedulesOfTest();
  test.setNow("2026-03-10T12:00:00Z");
  await test.make("nightly", { onNoFiles: "complete", lookBackDays: 1, overlap: "beside" });
  test.files.set(uri, "id\n1\n");
  await test.schedules.runNow("nightly", { caller });
  await test.work({ loads: "rest" });
  return test;
}

async function runAgain(test: TestSchedules): Promise<void> {
  await test.schedules.runNow("nightly", { caller });
  await test.work({ loads: "rest" });
}

describe("a file that a load has taken", () => {
  it("is not taken again while that load goes on, whatever schedule comes by", async () => {
    const test = await oneFileTaken();
    await test.make("other", { onNoFiles: "complete" });
    await test.schedules.runNow("other", { caller });
    await runAgain(test);
    expect(await test.loads()).toHaveLength(1);
    expect((await test.runs("other"))[0]).toMatchObject({ state: "complete", files: 0 });
  });

  it("is free again once that load has failed", async () => {
    const test = await oneFileTaken();
    await test.work({ loads: "fail" });
    await runAgain(test);
    expect(await test.loads()).toHaveLength(2);
  });

  it("is free again once its run is cancelled", async () => {
    const test = await oneFileTaken();
    const [run] = await test.runs();
    await test.schedules.cancelRun(run?.id ?? "");
    await runAgain(test);
    expect(await test.loads()).toMatchObject([{ state: "cancelled" }, { state: "accepted" }]);
  });

  it("stays taken while the failed load is brought again, and is loaded once that is complete", async () => {
    const test = await oneFileTaken();
    await test.work({ loads: "fail" });
    const [failed] = await test.loads();
    const { load } = await test.door.loads.retry(failed?.id ?? "", { caller });
    await runAgain(test);
    expect(await test.loads()).toHaveLength(2);
    await endLoad(test, load.id, "complete");
    await runAgain(test);
    expect(await test.loads()).toHaveLength(2);
    expect(await test.loaded()).toEqual([uri]);
  });

  it("is waited for where it changes meanwhile, for only the load's end tells what was loaded", async () => {
    const test = await oneFileTaken();
    test.files.set(uri, "id\n2\n");
    await runAgain(test);
    expect((await test.runs())[0]?.targets).toMatchObject([
      { state: "gathering", reason: { message: expect.stringContaining(uri) } },
    ]);
    await test.work();
    expect(await test.loaded()).toEqual([uri]);
    expect(await test.runs()).toMatchObject([
      { state: "complete", files: 0 },
      { state: "complete" },
    ]);
  });

  it("is another one for another object or operation", async () => {
    const test = await oneFileTaken();
    await test.make("other", {
      targets: [{ sourceName: "crm", object: "orders", operation: "delete", source: { uri } }],
    });
    await test.schedules.runNow("other", { caller });
    await test.work({ loads: "rest" });
    expect(await test.loads()).toHaveLength(2);
  });
});

describe("a loaded file", () => {
  it("is remembered as long as it is listed, and 90 days on top", async () => {
    const test = await oneFileTaken();
    await test.work();
    const { redis, base } = test.context.ledger;
    const digests = digestsOf({ uri, pin: "?" });
    expect(digests.place).toHaveLength(22);
    const nights = async (date: string) => {
      test.setNow(`${date}T12:00:00Z`);
      test.files.set(`s3://bucket/${date}/orders/b.csv`, `id\n${date}\n`);
      await test.schedules.runNow("nightly", { caller });
      await test.work();
    };
    await nights("2026-03-11");
    await nights("2026-06-08");
    expect(await redis.zcard(`${base}loaded:${target}`)).toBe(3);
    await nights("2026-06-10");
    expect(await redis.zcard(`${base}loaded:${target}`)).toBe(2);
  });
});

it("forgets a target that no schedule gathers for any more, 90 days after the last look", async () => {
  const test = await oneFileTaken();
  const { redis, base } = test.context.ledger;
  const days = async (key: string) =>
    Math.round((await redis.ttl(`${base}${key}:${target}`)) / 86_400);
  expect(await days("taken")).toBe(90);
  await test.work();
  expect(await days("loaded")).toBe(90);
  await redis.persist(`${base}loaded:${target}`);
  await runAgain(test);
  expect(await days("loaded")).toBe(90);
});

it("forgets what runs had taken that are no longer kept", async () => {
  const test = await oneFileTaken();
  const { redis, base } = test.context.ledger;
  await test.work({ loads: "fail" });
  expect(await redis.hlen(`${base}taken:${target}`)).toBe(1);
  const [run] = await test.runs();
  await redis.del(`${base}run:${run?.id}`);
  test.files.delete(uri);
  await runAgain(test);
  expect(await redis.hlen(`${base}taken:${target}`)).toBe(0);
});
