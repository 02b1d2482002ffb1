import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isOverlapSkipped,
  mayBegin,
  mostUnfinishedRuns,
  type Overlap,
  type RunInLine,
} from "./turn.ts";

function run(sequence: number, changes: Partial<RunInLine> = {}): RunInLine {
  return { id: `r${sequence}`, sequence, cause: "cron", state: "waiting", ...changes };
}

describe("mayBegin", () => {
  it("wait: after the run before, and not before one that waits longer", () => {
    const first = run(1, { state: "running" });
    expect(mayBegin(run(2), [first, run(2)], "wait")).toBe(false);
    expect(mayBegin(run(2), [run(2), run(3)], "wait")).toBe(true);
    expect(mayBegin(run(3), [run(2), run(3)], "wait")).toBe(false);
  });

  it("beside: at once", () => {
    expect(mayBegin(run(2), [run(1, { state: "running" }), run(2)], "beside")).toBe(true);
  });

  it("lets a nightly run slip in between two dates of a backfill", () => {
    const third = run(3, { cause: "backfill", state: "running" });
    const fourth = run(4, { cause: "backfill" });
    const nightly = run(9);
    expect(mayBegin(nightly, [third, fourth, nightly], "wait")).toBe(true);
    expect(mayBegin(fourth, [third, fourth], "wait")).toBe(false);
    expect(mayBegin(fourth, [fourth, nightly], "beside")).toBe(false);
    expect(mayBegin(fourth, [fourth, run(5, { cause: "backfill" })], "wait")).toBe(true);
    const fifth = run(5, { cause: "backfill", state: "running" });
    expect(mayBegin(fourth, [fourth, fifth], "wait")).toBe(false);
  });
});

it("skip drops an instant while a run by cron or hand is unfinished, but no missed one", () => {
  expect(isOverlapSkipped("skip", { missed: false }, [{ cause: "hand" }])).toBe(true);
  expect(isOverlapSkipped("skip", { missed: true }, [{ cause: "cron" }])).toBe(false);
  expect(isOverlapSkipped("skip", { missed: false }, [{ cause: "backfill" }])).toBe(false);
  expect(isOverlapSkipped("wait", { missed: false }, [{ cause: "cron" }])).toBe(false);
});

it("drops instants of a schedule that has a thousand unfinished runs", () => {
  const many = Array.from({ length: mostUnfinishedRuns }, () => ({ cause: "cron" as const }));
  expect(isOverlapSkipped("wait", { missed: true }, many)).toBe(true);
  expect(isOverlapSkipped("wait", { missed: true }, many.slice(1))).toBe(false);
});

it("always lets some run of a schedule begin, and unless beside never two nightly ones at a time", () => {
  const line = fc.array(fc.constantFrom("cron" as const, "hand" as const, "backfill" as const), {
    minLength: 1,
    maxLength: 12,
  });
  const overlaps = fc.constantFrom<Overlap>("skip", "wait", "beside");
  fc.assert(
    fc.property(line, overlaps, fc.infiniteStream(fc.nat()), (causes, overlap, picks) => {
      let unfinished = causes.map((cause, index) => run(index, { cause }));
      while (unfinished.length > 0) {
        unfinished = unfinished.map((one) =>
          one.state === "waiting" && mayBegin(one, unfinished, overlap)
            ? { ...one, state: "running" as const }
            : one,
        );
        const running = unfinished.filter(({ state }) => state === "running");
        expect(running.length).toBeGreaterThan(0);
        const nightly = running.filter(({ cause }) => cause !== "backfill");
        if (overlap !== "beside") expect(nightly.length).toBeLessThanOrEqual(1);
        expect(running.length - nightly.length).toBeLessThanOrEqual(1);
        const { value } = picks.next();
        const ended = running[value % running.length];
        unfinished = unfinished.filter(({ id }) => id !== ended?.id);
      }
    }),
  );
});
