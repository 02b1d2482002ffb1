import { expect, it } from "vitest";
import { planFaults } from "./schedule.ts";
import { bytesOfFile, planWorkload } from "./workload.ts";

const minute = { seed: "7", spanMs: 60_000, redisLoss: false };

it("plans the same faults for a seed, and others for another", () => {
  expect(planFaults(minute)).toEqual(planFaults(minute));
  expect(planFaults({ ...minute, seed: "8" })).not.toEqual(planFaults(minute));
});

it("plans more than ten kills and every kind of trouble in a minute or some", () => {
  const faults = planFaults(minute).map(({ fault }) => fault);
  expect(faults.filter(({ kind }) => kind === "kill").length).toBeGreaterThan(10);
  const long = planFaults({ ...minute, spanMs: 900_000 }).map(({ fault }) => fault);
  const kinds = new Set(long.map((fault) => (fault.kind === "network" ? fault.trouble.kind : "")));
  expect([...kinds].toSorted()).toEqual([
    "",
    "black-hole",
    "cut",
    "half-close",
    "latency",
    "refuse",
    "reset",
    "trickle",
  ]);
});

it("plans more or fewer by the pace", () => {
  const faults = planFaults({ ...minute, spanMs: 600_000 }).length;
  const half = planFaults({ ...minute, spanMs: 600_000, pace: 0.5 }).length;
  expect(half / faults).toBeCloseTo(0.5, 1);
});

it("lets Redis lose data only where that was asked for", () => {
  const kindsOf = (redisLoss: boolean) =>
    new Set(planFaults({ ...minute, spanMs: 900_000, redisLoss }).map(({ fault }) => fault.kind));
  expect(kindsOf(false)).not.toContain("redis-flush");
  expect(kindsOf(true)).toContain("redis-flush");
  expect(kindsOf(true)).toContain("redis-older-copy");
});

it("keeps every other fault where it was when losses are added", () => {
  const withLosses = planFaults({ ...minute, spanMs: 900_000, redisLoss: true });
  const others = withLosses.filter(
    ({ fault: { kind } }) => kind !== "redis-flush" && kind !== "redis-older-copy",
  );
  expect(others).toEqual(planFaults({ ...minute, spanMs: 900_000 }));
});

it("plans loads that give each key its versions in order", () => {
  const size = { seed: "7", spanMs: 60_000, loadsPerMinute: 40, objects: 3 };
  const loads = planWorkload(size);
  expect(loads).toEqual(planWorkload(size));
  expect(loads).toHaveLength(40);
  expect(loads.filter(({ operation }) => operation === "delete").length).toBeGreaterThan(0);
  const [load] = loads;
  if (load?.files[0] === undefined) throw new Error("no load");
  const lines = bytesOfFile(load, load.files[0]).toString().split("\n");
  expect(lines[0]).toBe("id,written,note");
  expect(lines[1]).toContain(`k${load.files[0].firstKey},v0,`);
});
