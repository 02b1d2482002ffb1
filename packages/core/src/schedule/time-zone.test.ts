import fc from "fast-check";
import { expect, it } from "vitest";
import { epochMs } from "../units.ts";
import { civilTimeAt, instantsOf, isTimeZone } from "./time-zone.ts";

const zones = Intl.supportedValuesOf("timeZone");
const second = 1000;
const instants = fc
  .integer({ min: Date.UTC(2000, 0) / second, max: Date.UTC(2040, 0) / second })
  .map((seconds) => epochMs(seconds * second));

it("knows IANA's zones and no others", () => {
  expect(isTimeZone("Europe/Oslo")).toBe(true);
  expect(isTimeZone("UTC")).toBe(true);
  for (const name of ["Mars/Base", "", "Europe", "../etc/passwd", "Oslo"])
    expect(isTimeZone(name)).toBe(false);
});

it.each([
  ["spring leaves 02:30 out", "Europe/Oslo", "2026-03-29T02:30:00Z", ["2026-03-29T01:30:00Z"]],
  [
    "autumn has 02:30 twice",
    "Europe/Oslo",
    "2026-10-25T02:30:00Z",
    ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"],
  ],
  [
    "half an hour is left out",
    "Australia/Lord_Howe",
    "2026-10-04T02:15:00Z",
    ["2026-10-03T15:45:00Z"],
  ],
  ["midnight is left out", "America/Santiago", "2026-09-06T00:00:00Z", ["2026-09-06T04:00:00Z"]],
  ["a quarter past the hour", "Asia/Kathmandu", "2026-01-01T05:45:00Z", ["2026-01-01T00:00:00Z"]],
])("%s", (_what, zone, civil, expected) => {
  expect(instantsOf(Date.parse(civil), zone)).toEqual(expected.map((text) => Date.parse(text)));
});

it("finds the instants of any civil time that a zone shows", () => {
  fc.assert(
    fc.property(fc.constantFrom(...zones), instants, (zone, instant) => {
      const civil = civilTimeAt(instant, zone);
      const found = instantsOf(civil, zone);
      expect(found).toContain(instant);
      for (const each of found) expect(civilTimeAt(each, zone)).toBe(civil);
    }),
    { numRuns: 2000 },
  );
});
