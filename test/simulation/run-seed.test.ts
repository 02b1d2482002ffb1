import { describe, expect, it } from "vitest";
import { runSeed } from "./run-seed.ts";

describe("a run of the simulation", () => {
  it("goes the same way every time", { timeout: 120_000 }, async () => {
    for (const seed of [8, 13]) {
      const first = await runSeed(seed);
      const again = await runSeed(seed, { traced: "lines" });
      expect(again).toMatchObject({ traceHash: first.traceHash, events: first.events });
      expect([...again.counts]).toEqual([...first.counts]);
      expect(again.trace.length).toBeGreaterThan(first.events);
    }
  });

  it("goes another way with another seed, and violates nothing", { timeout: 120_000 }, async () => {
    const hashes = new Set<string>();
    for (const seed of [0, 1]) {
      const { traceHash, violation } = await runSeed(seed);
      expect(violation).toBeUndefined();
      hashes.add(traceHash);
    }
    expect(hashes.size).toBe(2);
  });
});
