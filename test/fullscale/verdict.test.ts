import { expect, test } from "vitest";
import { type Evidence, faultsOf, type LoopDelay, resultOf, type Stretch } from "./verdict.ts";

const loop: LoopDelay = {
  ...{ count: 500, p50Ms: 10, p99Ms: 40, maxMs: 90 },
  ...{ computedP99Ms: 20, computedMaxMs: 30, cpuWaitSeconds: 0.5 },
};
const stretch: Stretch = { seconds: 10, bytes: 1_000_000_000, cpuSeconds: 8, loop };
const part = { bytes: 100, records: 2, sha256: "a" };
const file = { bytes: 100, rows: 0, hash: "", sha256: "a" };
const good: Evidence = {
  expected: [part, { ...part, sha256: "b" }],
  bulkJobs: [[file, { ...file, sha256: "b" }]],
  loadState: "complete",
  recordsSettled: 4,
  peakRssBytes: 256_000_000,
  planning: stretch,
  upload: stretch,
};

test("finds nothing wrong where all that was sent arrived within the bars", () => {
  expect(resultOf(good)).toMatchObject({ ok: true, faults: [], bytes: 200, records: 4 });
  expect(resultOf(good).planning.mbPerSecond).toBe(100);
});

test("judges the loop by what it computed where the machine let it wait", () => {
  const starved = { ...loop, p99Ms: 400, cpuWaitSeconds: 0.6 };
  const upload = { ...stretch, loop: starved };
  expect(faultsOf({ ...good, upload })).toEqual([]);
  expect(resultOf({ ...good, upload }).upload.loopJudgedBy).toBe("computing time");
  const slow = { ...stretch, loop: { ...starved, computedP99Ms: 100.1 } };
  expect(faultsOf({ ...good, upload: slow }).join()).toMatch(/100.1 ms .* in upload/);
});

test.each<[string, Partial<Evidence>, RegExp]>([
  ["a load that failed", { loadState: "failed" }, /failed/],
  ["a second bulk job", { bulkJobs: [[file], [{ ...file, sha256: "b" }]] }, /2 bulk jobs/],
  ["no bulk job", { bulkJobs: [] }, /0 files/],
  ["files in another order", { bulkJobs: [[{ ...file, sha256: "b" }, file]] }, /file 0/],
  ["a file more", { bulkJobs: [[...(good.bulkJobs[0] ?? []), file]] }, /3 files/],
  ["other bytes of a file", { bulkJobs: [[file, { ...file, sha256: "c" }]] }, /file 1/],
  ["a record too few", { recordsSettled: 3 }, /3 records, not 4/],
  ["too much memory", { peakRssBytes: 256_000_001 }, /RSS/],
  ["no memory read", { peakRssBytes: Number.NaN }, /RSS/],
  ["a loop held up", { upload: { ...stretch, loop: { ...loop, p99Ms: 100.1 } } }, /in upload/],
  ["a loop not measured", { planning: { ...stretch, loop: { ...loop, count: 0 } } }, /in planning/],
])("finds %s", (_, changes, fault) => {
  expect(faultsOf({ ...good, ...changes }).join("; ")).toMatch(fault);
  expect(resultOf({ ...good, ...changes }).ok).toBe(false);
});
