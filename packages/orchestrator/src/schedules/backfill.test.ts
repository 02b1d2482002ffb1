import { describe, expect, it } from "vitest";
import { caller, schedulesOfTest, type TestSchedules } from "./schedules.test-support.ts";

async function threeDates(): Promise<TestSchedules> {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await test.make("nightly", { lookBackDays: 5 });
  for (const day of ["01", "02", "03", "10"])
    test.files.set(`s3://bucket/2026-03-${day}/orders/a.csv`, `id\n${day}\n`);
  return test;
}

const dates = { from: "2026-03-01", to: "2026-03-03", caller };

describe("a backfill", () => {
  it("runs one date at a time, oldest first, and leaves slots", async () => {
    const test = await threeDates();
    const backfill = await test.schedules.backfill("nightly", dates);
    expect(backfill).toMatchObject({
      schedule: "nightly",
      leaveSlots: 5,
      runs: [{ date: "2026-03-01", state: "waiting" }, {}, { date: "2026-03-03" }],
    });
    await test.work({ loads: "rest" });
    expect(await test.loads()).toHaveLength(1);
    await test.work();
    expect(await test.loaded()).toEqual(
      ["01", "02", "03"].map((day) => `s3://bucket/2026-03-${day}/orders/a.csv`),
    );
    expect((await test.runs()).map(({ date, cause, state }) => [date, cause, state])).toEqual([
      ["2026-03-03", "backfill", "complete"],
      ["2026-03-02", "backfill", "complete"],
      ["2026-03-01", "backfill", "complete"],
    ]);
    const { ledger } = test.context;
    const [load] = await test.loads();
    const request = await ledger.redis.hget(`${ledger.base}load:${load?.id}`, "request");
    expect(JSON.parse(request ?? "{}")).toMatchObject({ leaveSlots: 5 });
  });

  it("lets a nightly run slip in between two dates", async () => {
    const test = await threeDates();
    await test.schedules.backfill("nightly", dates);
    await test.work({ loads: "rest" });
    test.setNow("2026-03-10T02:00:00Z");
    await test.work({ loads: "rest" });
    expect((await test.runs()).map(({ date, state }) => [date, state])).toEqual([
      ["2026-03-10", "running"],
      ["2026-03-03", "waiting"],
      ["2026-03-02", "waiting"],
      ["2026-03-01", "running"],
    ]);
    await test.work();
    expect(
      (await test.loaded()).map((uri) => uri.slice("s3://bucket/2026-03-".length).slice(0, 2)),
    ).toEqual(["01", "10", "02", "03"]);
  });

  it("skips what is loaded already, and goes on behind a date that fails", async () => {
    const test = await threeDates();
    test.files.delete("s3://bucket/2026-03-02/orders/a.csv");
    await test.schedules.backfill("nightly", dates);
    await test.work();
    expect((await test.runs()).map(({ state }) => state)).toEqual([
      "complete",
      "failed",
      "complete",
    ]);
    await test.schedules.backfill("nightly", { ...dates, to: "2026-03-01" });
    await test.work();
    expect((await test.runs())[0]).toMatchObject({ state: "complete", files: 0 });
    expect(await test.loads()).toHaveLength(2);
  });

  it("is cancelled with any of its runs from that one on", async () => {
    const test = await threeDates();
    const { runs } = await test.schedules.backfill("nightly", dates);
    await test.work({ loads: "rest" });
    expect(await test.schedules.cancelRun(runs[0]?.id ?? "")).toMatchObject({ state: "cancelled" });
    await test.work();
    expect((await test.runs()).map(({ state }) => state)).toEqual([
      "cancelled",
      "cancelled",
      "cancelled",
    ]);
    expect(await test.loads()).toMatchObject([{ state: "cancelled" }]);
  });

  it.each([
    ["to before from", { from: "2026-03-03", to: "2026-03-01" }, "to"],
    ["more than a year", { from: "2025-01-01", to: "2026-01-02" }, "to"],
    ["no date", { from: "2026-02-30" }, "from"],
    ["hostile text", { to: "*".repeat(100_000) }, "to"],
    ["slots", { leaveSlots: 1000 }, "leaveSlots"],
    ["half slots", { leaveSlots: 0.5 }, "leaveSlots"],
  ])("refuses %s, naming it, and records nothing", async (_what, changes, field) => {
    const test = await threeDates();
    await expect(
      test.schedules.backfill("nightly", { ...dates, ...changes }),
    ).rejects.toMatchObject({
      code: "ERR_REQUEST_INVALID",
      fields: { field },
      message: expect.not.stringMatching(/.{1000}/),
    });
    expect(await test.runs()).toEqual([]);
  });

  it("is recorded once for an idempotency key", async () => {
    const test = await threeDates();
    const asked = { ...dates, idempotencyKey: "k" };
    const first = await test.schedules.backfill("nightly", asked);
    expect((await test.schedules.backfill("nightly", asked)).id).toBe(first.id);
    await expect(
      test.schedules.backfill("nightly", { ...asked, to: "2026-03-02" }),
    ).rejects.toMatchObject({ code: "ERR_IDEMPOTENCY_CONFLICT" });
    expect(await test.runs()).toHaveLength(3);
  });

  it("is refused whole where the connection would have more than 2,000 unfinished runs", async () => {
    const test = await threeDates();
    const year = { from: "2024-01-01", to: "2024-12-31", caller };
    for (let n = 0; n < 5; n++) await test.schedules.backfill("nightly", year);
    const { redis, base } = test.context.ledger;
    const runs = (): Promise<number> => redis.zcard(`${base}runs-open`);
    expect(await runs()).toBe(5 * 366);
    const refusal = { code: "ERR_TOO_MANY_PENDING", fields: { allowed: 2000 } };
    await expect(
      test.schedules.backfill("nightly", { ...year, idempotencyKey: "k" }),
    ).rejects.toMatchObject(refusal);
    expect(await runs()).toBe(5 * 366);
    const half = { from: "2024-01-01", to: "2024-06-18", caller, idempotencyKey: "k" };
    await test.schedules.backfill("nightly", half);
    expect(await runs()).toBe(2000);
    await expect(test.schedules.runNow("nightly", { caller })).rejects.toMatchObject(refusal);
  });
});
