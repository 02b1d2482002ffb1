import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "../units.ts";
import { chooseStarts, missedAfterMs, mostMissedRuns } from "./missed-runs.ts";

const night = 24 * 3_600_000;
const nights = [1, 2, 3].map((n) => epochMs(n * night));

describe("chooseStarts", () => {
  it("starts what is noticed in time, whatever the rule", () => {
    const now = epochMs(3 * night + missedAfterMs);
    for (const rule of ["skip", "once", "each"] as const)
      expect(chooseStarts(nights.slice(2), now, rule)).toEqual({
        starts: [{ at: 3 * night, missed: false }],
        skipped: [],
      });
  });

  it.each([
    ["skip", []],
    ["once", [3 * night]],
    ["each", nights],
  ] as const)("after three missed nights, %s starts %j", (rule, started) => {
    const { starts } = chooseStarts(nights, epochMs(4 * night - 1), rule);
    expect(starts).toEqual(started.map((at) => ({ at, missed: true })));
  });

  it("once: lets a run that is on time stand for the missed ones", () => {
    const { starts, skipped } = chooseStarts(nights, epochMs(3 * night + 1), "once");
    expect(starts).toEqual([{ at: 3 * night, missed: false }]);
    expect(skipped).toEqual(nights.slice(0, 2));
  });

  it("each instant either starts or is skipped, in order, and never more than a year of missed ones", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: night }), { maxLength: 500 });
    const rules = fc.constantFrom("skip" as const, "once" as const, "each" as const);
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: night }), rules, (spans, late, rule) => {
        let at = 0;
        const due = spans.map((span) => {
          at += span;
          return epochMs(at);
        });
        const { starts, skipped } = chooseStarts(due, epochMs(at + late), rule);
        const all = [...skipped, ...starts.map((start) => start.at)].toSorted((a, b) => a - b);
        expect(all).toEqual(due);
        const missed = starts.filter((start) => start.missed).length;
        expect(missed).toBeLessThanOrEqual({ skip: 0, once: 1, each: mostMissedRuns }[rule]);
      }),
    );
  });
});
