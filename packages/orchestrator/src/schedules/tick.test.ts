import { describe, expect, it } from "vitest";
import { readSchedule } from "./schedule-record.ts";
import { schedulesOfTest } from "./schedules.test-support.ts";
import { tickSchedule } from "./tick.ts";

const nothing = { onNoFiles: "complete" } as const;

describe("instants that nobody was there for", () => {
  it.each([
    ["skip", [["2026-03-13", "skipped"]]],
    [
      "once",
      [
        ["2026-03-13", "complete"],
        ["2026-03-12", "skipped"],
      ],
    ],
    [
      "each",
      [
        ["2026-03-13", "complete"],
        ["2026-03-12", "complete"],
        ["2026-03-11", "complete"],
        ["2026-03-10", "complete"],
      ],
    ],
  ] as const)("missedRuns %s", async (missedRuns, expected) => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { ...nothing, missedRuns });
    test.setNow("2026-03-13T09:00:00Z");
    await test.work();
    expect((await test.runs()).map(({ date, state }) => [date, state])).toEqual(expected);
    await test.work();
    expect(await test.runs()).toHaveLength(expected.length);
  });

  it("are told once, with how many there were", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { ...nothing, missedRuns: "skip" });
    test.setNow("2026-03-13T09:00:00Z");
    await test.work();
    expect(test.events).toMatchObject([
      {
        type: "schedule.run-skipped",
        date: "2026-03-13",
        reason: expect.stringMatching(/^4 missed/),
      },
    ]);
  });

  it("are no more than the last year of nights, however long the fleet was stopped", async () => {
    const test = schedulesOfTest();
    test.setNow("2020-03-09T12:00:00Z");
    await test.make("nightly", { ...nothing, missedRuns: "each" });
    test.setNow("2026-03-13T09:00:00Z");
    await test.work();
    const { runs } = await test.schedules.runs("nightly", { limit: 1000 });
    expect(runs).toHaveLength(367);
    expect(runs.at(-1)?.state).toBe("skipped");
  }, 60_000);
});

it("starts nothing of a schedule that was made anew since it was read", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await test.make();
  const { ledger } = test.context;
  const read = await readSchedule(ledger, "nightly");
  if (read === undefined) throw new Error("it was made");
  await test.schedules.remove("nightly");
  await test.make("nightly", { cron: "0 5 * * *" });
  test.setNow("2026-03-10T02:00:00Z");
  await tickSchedule(test.context, read);
  expect(await test.runs()).toEqual([]);
});

describe("an instant while the run before is unfinished", () => {
  async function twoNights(overlap: "skip" | "wait" | "beside") {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", { overlap });
    for (const day of ["10", "11"])
      test.files.set(`s3://bucket/2026-03-${day}/orders/a.csv`, `id\n${day}\n`);
    test.setNow("2026-03-10T02:00:00Z");
    await test.work({ loads: "rest" });
    test.setNow("2026-03-11T02:00:00Z");
    await test.work({ loads: "rest" });
    return test;
  }

  it("wait: begins when that one has ended", async () => {
    const test = await twoNights("wait");
    expect(await test.runs()).toMatchObject([{ state: "waiting" }, { state: "running" }]);
    await test.work();
    expect(await test.runs()).toMatchObject([{ state: "complete" }, { state: "complete" }]);
    expect(await test.loads()).toHaveLength(2);
  });

  it("skip: never begins, and says so", async () => {
    const test = await twoNights("skip");
    expect(await test.runs()).toMatchObject([
      { state: "skipped", reason: { code: "overlap" } },
      { state: "running" },
    ]);
    await test.work();
    expect(await test.loads()).toHaveLength(1);
  });

  it("beside: begins at once", async () => {
    const test = await twoNights("beside");
    expect(await test.runs()).toMatchObject([{ state: "running" }, { state: "running" }]);
  });
});

describe("over changes of clocks", () => {
  it.each([
    [
      "spring, whose 02:30 is left out",
      "2026-03-28T12:00:00Z",
      ["2026-03-30T00:30:00.000Z", "2026-03-29T01:30:00.000Z"],
    ],
    [
      "autumn, whose 02:30 comes twice",
      "2026-10-24T12:00:00Z",
      ["2026-10-26T01:30:00.000Z", "2026-10-25T00:30:00.000Z"],
    ],
  ])(
    "each night of %s starts one run",
    async (_what, start, expected) => {
      const test = schedulesOfTest();
      test.setNow(start);
      await test.make("nightly", { ...nothing, cron: "30 2 * * *", timeZone: "Europe/Oslo" });
      const from = Date.parse(start);
      for (let minutes = 0; minutes <= 2 * 24 * 60; minutes += 10) {
        test.setNow(new Date(from + minutes * 60_000).toISOString());
        await test.work();
      }
      expect((await test.runs()).map(({ dueAt }) => dueAt)).toEqual(expected);
    },
    60_000,
  );

  it("a run's date is that of its zone, with the schedule's offset", async () => {
    const test = schedulesOfTest();
    test.setNow("2026-03-09T12:00:00Z");
    await test.make("nightly", {
      ...nothing,
      cron: "30 0 * * *",
      timeZone: "Asia/Tokyo",
      dateOffsetDays: -1,
    });
    test.setNow("2026-03-09T15:30:00Z");
    await test.work();
    expect(await test.runs()).toMatchObject([
      { date: "2026-03-09", dueAt: "2026-03-09T15:30:00.000Z" },
    ]);
  });
});

it("starts nothing while paused or switched off, and makes up for nothing afterwards", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await test.make("nightly", { ...nothing, missedRuns: "each" });
  await test.make("off", { ...nothing, enabled: false });
  await test.schedules.pause("nightly");
  test.setNow("2026-03-12T12:00:00Z");
  await test.work();
  await test.schedules.resume("nightly");
  await test.work();
  expect(await test.runs()).toEqual([]);
  test.setNow("2026-03-13T02:00:00Z");
  await test.work();
  expect(await test.runs()).toMatchObject([{ date: "2026-03-13" }]);
  expect(await test.runs("off")).toEqual([]);
});
