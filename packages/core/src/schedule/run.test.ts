import { describe, expect, it } from "vitest";
import {
  endOfRun,
  isFinalRunState,
  newRunTarget,
  type RunTarget,
  type RunTargetState,
  releaseTargets,
  runCauses,
  runStates,
  runTargetStates,
} from "./run.ts";

const reason = { code: "gate_timeout", message: "no _SUCCESS by 06:00" };

function target(name: string, state: RunTargetState, ...after: readonly string[]): RunTarget {
  return { ...newRunTarget({ name, after }), state };
}

function statesOf(targets: readonly RunTarget[]): readonly RunTargetState[] {
  return targets.map(({ state }) => state);
}

it("keeps the names that stand in Redis and in answers", () => {
  expect(runStates.join()).toBe("waiting,running,complete,failed,cancelled,skipped");
  expect(runTargetStates.join()).toBe("blocked,gathering,loading,complete,failed,skipped");
  expect(runCauses.join()).toBe("cron,hand,backfill");
});

it("knows the four ends of a run", () => {
  const ends = ["complete", "failed", "cancelled", "skipped"];
  expect(runStates.filter(isFinalRunState)).toEqual(ends);
});

it("begins a target blocked, with nothing taken", () => {
  expect(newRunTarget({ name: "orders", after: ["customers"] })).toEqual({
    name: "orders",
    after: ["customers"],
    state: "blocked",
    files: 0,
    bytes: 0,
    chunks: 0,
    loads: [],
    records: 0,
  });
});

describe("releaseTargets", () => {
  it("lets a target gather once all before it are complete, and writes down when", () => {
    const targets = [
      target("a", "complete"),
      target("b", "complete"),
      target("c", "blocked", "a", "b"),
    ];
    expect(releaseTargets(targets, 7)[2]).toEqual({
      ...target("c", "gathering", "a", "b"),
      since: 7,
    });
  });

  it.each(["blocked", "gathering", "loading"] as const)(
    "holds a target back while one of those before it is %s",
    (state) => {
      const first = target("first", state, ...(state === "blocked" ? ["slow"] : []));
      const slow = target("slow", "loading");
      const targets = [
        slow,
        first,
        target("done", "complete"),
        target("c", "blocked", "first", "done"),
      ];
      expect(releaseTargets(targets, 7)).toEqual(targets);
    },
  );

  it.each(["failed", "skipped"] as const)(
    "skips those behind a target that is %s, and those behind them",
    (state) => {
      const targets = [
        target("done", "complete"),
        target("bad", state),
        target("next", "blocked", "done", "bad"),
        target("last", "blocked", "next"),
      ];
      const released = releaseTargets(targets, 7);
      expect(statesOf(released)).toEqual(["complete", state, "skipped", "skipped"]);
      expect(released.map((each) => each.reason)).toEqual([
        undefined,
        undefined,
        { code: "target_before", message: `target "bad" before it is ${state}` },
        { code: "target_before", message: 'target "next" before it is skipped' },
      ]);
    },
  );

  it("leaves what has begun as it is", () => {
    const targets = [target("bad", "failed"), target("b", "loading", "bad")];
    expect(releaseTargets(targets, 7)).toEqual(targets);
  });
});

describe("endOfRun", () => {
  it.each(["blocked", "gathering", "loading"] as const)("waits for one that is %s", (state) => {
    expect(endOfRun([target("a", "failed"), target("b", state)])).toBeUndefined();
  });

  it("is complete once all are", () => {
    expect(endOfRun([target("a", "complete"), target("b", "complete")])).toEqual({
      state: "complete",
    });
  });

  it("fails with the reason of the first target that failed", () => {
    const targets = [
      target("a", "skipped"),
      { ...target("b", "failed"), reason },
      target("c", "failed"),
    ];
    expect(endOfRun(targets)).toEqual({
      state: "failed",
      reason: { code: "gate_timeout", message: 'target "b": no _SUCCESS by 06:00' },
    });
  });

  it("says so where a target failed without a reason", () => {
    expect(endOfRun([target("a", "failed")])).toEqual({
      state: "failed",
      reason: { code: "unknown", message: 'target "a": no reason was recorded' },
    });
  });
});
