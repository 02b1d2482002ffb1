import { civilTimeAt, type EpochMs, epochMs } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTiming, dateAt, dueInstants, nextInstants } from "./cron.ts";

const at = (text: string): EpochMs => epochMs(Date.parse(text));
const iso = (instants: readonly number[]): readonly string[] =>
  instants.map((instant) => `${new Date(instant).toISOString().slice(0, 16)}Z`);

describe("a night of changing clocks", () => {
  it.each([
    [
      "a time that is left out comes as long after the change",
      "30 2 * * *",
      "Europe/Oslo",
      "2026-03-28T12:00Z",
      ["2026-03-29T01:30Z", "2026-03-30T00:30Z"],
    ],
    [
      "a time that comes twice counts once, the first",
      "30 2 * * *",
      "Europe/Oslo",
      "2026-10-24T12:00Z",
      ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ],
    [
      "so does every time of a busy hour",
      "*/30 2 * * *",
      "Europe/Oslo",
      "2026-10-24T23:00Z",
      ["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-26T01:00Z"],
    ],
    [
      "every hour is every hour, also of two that are called the same",
      "0 * * * *",
      "America/New_York",
      "2026-11-01T04:30Z",
      ["2026-11-01T05:00Z", "2026-11-01T06:00Z", "2026-11-01T07:00Z"],
    ],
    [
      "so is every half hour, and one that is left out is not made up for",
      "*/30 * * * *",
      "Europe/Oslo",
      "2026-03-29T00:20Z",
      ["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-29T02:00Z"],
    ],
    [
      "two that mean one instant start one run",
      "30 2,3 * * *",
      "Europe/Oslo",
      "2026-03-28T12:00Z",
      ["2026-03-29T01:30Z", "2026-03-30T00:30Z", "2026-03-30T01:30Z"],
    ],
    [
      "a midnight that is left out is no lost night",
      "0 0 * * *",
      "America/Santiago",
      "2026-09-05T12:00Z",
      ["2026-09-06T04:00Z", "2026-09-07T03:00Z"],
    ],
    [
      "half an hour is a gap too",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-03T00:00Z",
      ["2026-10-03T15:45Z", "2026-10-04T15:15Z"],
    ],
  ])("%s", (_rule, cron, timeZone, from, expected) => {
    expect(iso(nextInstants({ cron, timeZone }, at(from), expected.length))).toEqual(expected);
  });
});

interface Meant {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  /** Whether a time that clocks show twice counts twice. */
  readonly isPace: boolean;
}

/** All instants by looking at what clocks show at each quarter of an hour, with no cron library. */
function byLooking(
  { hours, minutes, isPace }: Meant,
  timeZone: string,
  span: { readonly from: number; readonly to: number },
): readonly number[] {
  const quarter = 900_000;
  const meant = (civil: number): boolean => {
    const date = new Date(civil);
    return hours.includes(date.getUTCHours()) && minutes.includes(date.getUTCMinutes());
  };
  const shown = new Set<number>();
  const instants = new Set<number>();
  let before = civilTimeAt(epochMs(span.from - 96 * quarter), timeZone);
  for (let t = span.from - 96 * quarter; t <= span.to + 96 * quarter; t += quarter) {
    const civil = civilTimeAt(epochMs(t), timeZone);
    for (let left = before + quarter; left < civil; left += quarter)
      if (meant(left)) instants.add(t + left - (before + quarter));
    if (meant(civil) && (isPace || !shown.has(civil))) instants.add(t);
    shown.add(civil);
    before = Math.max(before, civil);
    if (civil < before) before = civil;
  }
  return [...instants].filter((t) => t > span.from && t <= span.to).toSorted((a, b) => a - b);
}

const zones = Intl.supportedValuesOf("timeZone");
const everyHour = Array.from({ length: 24 }, (_, hour) => hour);
const hours = fc.oneof(
  fc
    .uniqueArray(fc.constantFrom(...everyHour), { minLength: 1, maxLength: 4 })
    .map((some) => ({ text: some.join(","), hours: some, isPace: false })),
  fc.integer({ min: 1, max: 6 }).map((step) => ({
    ...{ text: step === 1 ? "*" : `*/${step}`, isPace: true },
    hours: everyHour.filter((hour) => hour % step === 0),
  })),
);
const minutes = fc.subarray([0, 15, 30, 45], { minLength: 1 });
const years = fc.integer({ min: 2012, max: 2037 });

/** A quarter of an hour of days near a change of clocks, where the zone has one that year. */
function daysOfChange(timeZone: string, year: number): readonly number[] {
  const day = 86_400_000;
  const days = Array.from({ length: 365 }, (_, index) => Date.UTC(year, 0, 1) + index * day);
  const offset = (t: number): number => civilTimeAt(epochMs(t), timeZone) - t;
  return days.filter((t) => offset(t) !== offset(t + day));
}

it("finds the instants over changes of clocks, in all zones, by next and by due alike", () => {
  fc.assert(
    fc.property(fc.constantFrom(...zones), years, hours, minutes, (timeZone, year, hs, ms) => {
      const timing = { cron: `${ms.join(",")} ${hs.text} * * *`, timeZone };
      const changes = daysOfChange(timeZone, year);
      for (const change of changes.length === 0 ? [Date.UTC(year, 6, 1)] : changes) {
        const span = { from: epochMs(change - 86_400_000), to: epochMs(change + 2 * 86_400_000) };
        const expected = byLooking({ ...hs, minutes: ms }, timeZone, span);
        expect(dueInstants(timing, span, 1000)).toEqual(expected);
        const half = Math.ceil(expected.length / 2);
        expect(dueInstants(timing, span, half)).toEqual(expected.slice(-half));
        for (const count of [half, expected.length])
          expect(nextInstants(timing, span.from, count)).toEqual(expected.slice(0, count));
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

it("gives only the last ones of a long time", () => {
  const span = { from: at("2000-01-01T00:00Z"), to: at("2026-01-03T12:00Z") };
  const due = dueInstants({ cron: "* * * * * *", timeZone: "UTC" }, span, 3);
  expect(due).toEqual([span.to - 2000, span.to - 1000, span.to]);
});

it("has no instant twice where spans follow each other", () => {
  const timing = { cron: "0 * * * *", timeZone: "UTC" };
  const noon = at("2026-01-01T12:00Z");
  expect(dueInstants(timing, { from: epochMs(noon - 1), to: noon }, 10)).toEqual([noon]);
  expect(dueInstants(timing, { from: noon, to: epochMs(noon + 1) }, 10)).toEqual([]);
});

it("dates an instant by the clocks of its zone", () => {
  expect(dateAt(at("2026-01-01T23:30Z"), "Europe/Oslo")).toBe("2026-01-02");
  expect(dateAt(at("2026-01-01T23:30Z"), "America/New_York")).toBe("2026-01-01");
});

describe("checkTiming", () => {
  it.each([
    "0 2 * * *",
    "30 0 2 * * *",
    " 0  2 * * 1-5 ",
    "0 2 L * *",
    "0 0 29 2 *",
    "0 2 * * THU",
    "* * * * *",
    "0,30 */2 * * * *",
  ])("takes %j", (cron) => {
    expect(() => checkTiming({ cron, timeZone: "Europe/Oslo" })).not.toThrow();
  });

  it.each([
    "",
    "* * *",
    "@daily",
    "61 2 * * *",
    "0 0 30 2 *",
    "H 2 * * *",
    "0 2 * * * * *",
    "a b c d e",
    "0 2 * * 8",
    "*/0 * * * *",
    "* * * * * *",
    "0,30 * * * * *",
    `${"0,".repeat(50)}0 2 * * *x`,
  ])("refuses %j, naming it", (cron) => {
    expect(() => checkTiming({ cron, timeZone: "UTC" })).toThrow(
      expect.objectContaining({
        code: "ERR_REQUEST_INVALID",
        fields: { field: "cron" },
        message: expect.stringContaining(`"${cron}"`),
      }),
    );
  });

  it.each(["Mars/Base", "", "Europe", "GMT+25:00"])("refuses the time zone %j", (timeZone) => {
    expect(() => checkTiming({ cron: "0 2 * * *", timeZone })).toThrow(
      expect.objectContaining({ code: "ERR_REQUEST_INVALID", fields: { field: "timeZone" } }),
    );
  });
});
