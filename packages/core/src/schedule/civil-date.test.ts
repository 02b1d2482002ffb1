import fc from "fast-check";
import { expect, it } from "vitest";
import { addDays, daysBetween, isCivilDate } from "./civil-date.ts";

const date = fc
  .date({ min: new Date("1900-01-01"), max: new Date("2200-01-01"), noInvalidDate: true })
  .map((instant) => instant.toISOString().slice(0, 10));

it.each(["2028-02-29", "2026-12-31", "0001-01-01"])("takes %s for a date", (text) => {
  expect(isCivilDate(text)).toBe(true);
});

it.each([
  "2027-02-29",
  "2026-13-01",
  "2026-00-10",
  "2026-1-1",
  "26-01-01",
  "2026-01-01T00",
  " 2026-01-01",
  "2026-01",
  "+010000-01-01",
  "Jan 1 2026",
  "",
])("does not take %j for a date", (text) => {
  expect(isCivilDate(text)).toBe(false);
});

it("goes as many days as asked, over months, years and leap days", () => {
  expect(addDays("2028-02-28", 2)).toBe("2028-03-01");
  expect(addDays("2026-01-01", -1)).toBe("2025-12-31");
  fc.assert(
    fc.property(date, fc.integer({ min: -1000, max: 1000 }), (from, days) => {
      expect(daysBetween(from, addDays(from, days))).toBe(days);
      expect(addDays(addDays(from, days), -days)).toBe(from);
    }),
  );
});
