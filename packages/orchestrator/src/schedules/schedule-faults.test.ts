import { expect, it } from "vitest";
import { type ScheduleSpecInput, scheduleSchema } from "../schedule-spec.ts";
import { checkSchedule, scheduleFaults } from "./schedule-faults.ts";

const target = {
  sourceName: "crm",
  object: "orders",
  source: { prefix: "s3://bucket/{yyyy-MM-dd}/orders/" },
} as const;

function faultsOf(changes: Partial<ScheduleSpecInput>) {
  return scheduleFaults(scheduleSchema.parse({ cron: "0 2 * * *", targets: [target], ...changes }));
}

it("finds nothing wrong with a schedule that can run", () => {
  expect(
    faultsOf({
      timeZone: "Europe/Oslo",
      lookBackDays: 3,
      targets: [{ ...target, gate: { file: "_SUCCESS" } }],
    }),
  ).toEqual([]);
});

it.each<[string, Partial<ScheduleSpecInput>, readonly (string | number)[], string]>([
  ["cron", { cron: "61 * * * *" }, ["cron"], "61"],
  ["time zone", { timeZone: "Mars/Base" }, ["timeZone"], "Mars/Base"],
  ["doubled name", { targets: [target, target] }, ["targets", 1, "name"], "orders"],
  [
    "unknown predecessor",
    { targets: [{ ...target, after: ["x"] }] },
    ["targets", 0, "after"],
    '"x"',
  ],
  [
    "date pattern",
    { targets: [{ ...target, source: { keys: ["s3://bucket/a.csv", "s3://bucket/{YYYY}.csv"] } }] },
    ["targets", 0, "source", "keys"],
    "{YYYY}",
  ],
  [
    "URI",
    { targets: [{ ...target, source: { prefix: "https://b/{yyyy}/" } }] },
    ["targets", 0, "source"],
    "https://b/2000/",
  ],
  [
    "gate without a prefix",
    { targets: [{ ...target, source: { glob: "s3://bucket/*.csv" }, gate: { file: "_SUCCESS" } }] },
    ["targets", 0, "gate"],
    "prefix",
  ],
  [
    "gate in a folder",
    { targets: [{ ...target, gate: { manifest: "../other/manifest.json" } }] },
    ["targets", 0, "gate"],
    "../other/manifest.json",
  ],
  [
    "header of an upsert",
    { targets: [{ ...target, header: "absent" }] },
    ["targets", 0, "header"],
    "absent",
  ],
  [
    "look-back without a prefix",
    { lookBackDays: 1, targets: [{ ...target, source: { uri: "s3://bucket/{yyyy}.csv" } }] },
    ["lookBackDays"],
    "prefix",
  ],
])("names a wrong %s and its place", (_what, changes, path, seen) => {
  expect(faultsOf(changes)).toEqual([{ path, message: expect.stringContaining(seen) }]);
});

it("reports all faults at once", () => {
  const spec = scheduleSchema.parse({ cron: "x", timeZone: "y", targets: [target, target] });
  expect(() => checkSchedule(spec)).toThrow(
    expect.objectContaining({ code: "ERR_REQUEST_INVALID", fields: { field: "cron", faults: 3 } }),
  );
});
