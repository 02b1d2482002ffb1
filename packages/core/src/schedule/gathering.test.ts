import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideGathering, type GatheringDecision, type Look } from "./gathering.ts";

function look(changes: Partial<Look> = {}): Look {
  return {
    now: 1000,
    cause: "cron",
    since: 0,
    waitMs: 100_000,
    settleMs: 0,
    onNoFiles: "fail",
    fingerprint: "abc",
    newFiles: 2,
    knownFiles: 0,
    ...changes,
  };
}

function reasonOf(decision: GatheringDecision): string | undefined {
  return decision.kind === "fail" ? decision.reason.code : undefined;
}

describe("a gate", () => {
  it("holds files back until it is there", () => {
    expect(decideGathering(look({ gateWaitsFor: "s3://b/_SUCCESS" }))).toEqual({
      kind: "wait",
      message: "s3://b/_SUCCESS is not there",
    });
    expect(decideGathering(look())).toEqual({ kind: "take" });
  });

  it("fails its target once the time is up, naming what was not there", () => {
    const late = decideGathering(look({ gateWaitsFor: "s3://b/_SUCCESS", now: 100_000 }));
    expect(reasonOf(late)).toBe("gate_timeout");
    expect(late).toMatchObject({ reason: { message: expect.stringContaining("s3://b/_SUCCESS") } });
  });
});

describe("settling", () => {
  const settleMs = 60_000;

  it("takes files only after they were the same for so long", () => {
    const first = decideGathering(look({ settleMs }));
    expect(first).toMatchObject({ kind: "wait", until: 61_000 });
    const listing = { fingerprint: "abc", since: 1000 };
    expect(decideGathering(look({ settleMs, listing, now: 60_999 }))).toMatchObject({
      kind: "wait",
      until: 61_000,
    });
    expect(decideGathering(look({ settleMs, listing, now: 61_000 }))).toEqual({ kind: "take" });
  });

  it("begins anew where files have changed", () => {
    const listing = { fingerprint: "before", since: 1000 };
    expect(decideGathering(look({ settleMs, listing, now: 61_000 }))).toMatchObject({
      kind: "wait",
      listing: { fingerprint: "abc", since: 61_000 },
    });
  });

  it("gives files that change at the end of the time one more span, and then gives up", () => {
    const late = { settleMs, waitMs: 10_000 };
    const listing = { fingerprint: "before", since: 1000 };
    expect(decideGathering(look({ ...late, listing, now: 90_000 }))).toMatchObject({
      kind: "wait",
      listing: { since: 90_000 },
    });
    const again = { fingerprint: "before", since: 90_000 };
    expect(reasonOf(decideGathering(look({ ...late, listing: again, now: 120_000 })))).toBe(
      "gate_timeout",
    );
  });

  it("never takes files that were not the same for the whole span", () => {
    const step = fc.record({
      span: fc.integer({ min: 1, max: 90_000 }),
      content: fc.constantFrom("a", "b"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let now = 0;
        let listing: Look["listing"];
        let sameSince = 0;
        let before = "";
        for (const { span, content } of steps) {
          now += span;
          if (content !== before) sameSince = now;
          before = content;
          const seen = look({ now, settleMs, waitMs: 1e9, fingerprint: content, listing });
          const decision = decideGathering(seen);
          expect(decision.kind === "take").toBe(now - sameSince >= settleMs);
          if (decision.kind !== "wait") return;
          listing = decision.listing;
        }
      }),
    );
  });
});

describe("no new file", () => {
  const none = { newFiles: 0, fingerprint: "" };

  it("is fine where the schedule says so", () => {
    expect(decideGathering(look({ ...none, onNoFiles: "complete" }))).toEqual({ kind: "nothing" });
  });

  it("makes a nightly run wait for late files, and then fail", () => {
    expect(decideGathering(look(none))).toMatchObject({ kind: "wait" });
    expect(reasonOf(decideGathering(look({ ...none, now: 100_000 })))).toBe("source_none_matched");
  });

  it.each(["hand", "backfill"] as const)(
    "is fine for a run by %s of a date that is loaded already, else fails at once",
    (cause) => {
      expect(decideGathering(look({ ...none, cause, knownFiles: 3 }))).toEqual({ kind: "nothing" });
      expect(reasonOf(decideGathering(look({ ...none, cause })))).toBe("source_none_matched");
    },
  );
});

it("waits for a file that another load is still taking in an earlier form", () => {
  const contested = "s3://b/a.csv";
  expect(decideGathering(look({ contested }))).toMatchObject({ kind: "wait" });
  expect(reasonOf(decideGathering(look({ contested, now: 100_000 })))).toBe("gate_timeout");
});

describe("what is told of a wait", () => {
  const waited = "waited 100 s, allowed 90 s";
  const late = { since: 5000, waitMs: 90_000, now: 105_000 };

  it.each<[string, Partial<Look>]>([
    ["another load is taking an earlier s3://b/a.csv", { contested: "s3://b/a.csv" }],
    ["files are settling", { settleMs: 60_000 }],
    ["there is no new file", { newFiles: 0 }],
  ])("is that %s", (message, changes) => {
    expect(decideGathering(look(changes))).toMatchObject({ kind: "wait", message });
  });

  it.each<[string, Partial<Look>]>([
    ["s3://b/_SUCCESS is not there", { gateWaitsFor: "s3://b/_SUCCESS" }],
    ["another load is taking an earlier s3://b/a.csv", { contested: "s3://b/a.csv" }],
    ["files still change", { listing: { fingerprint: "before", since: 95_000 } }],
    ["there is no new file", { newFiles: 0 }],
  ])("is that %s, and for how long, where it is given up", (message, changes) => {
    expect(decideGathering(look({ ...late, ...changes }))).toMatchObject({
      kind: "fail",
      reason: { message: `${message}; ${waited}` },
    });
  });

  it.each(["hand", "backfill"] as const)(
    "is nothing where a run of %s finds only files that are loaded, and not for cron",
    (cause) => {
      const none = { ...late, newFiles: 0, knownFiles: 3 };
      expect(decideGathering(look({ ...none, cause })).kind).toBe("nothing");
      expect(decideGathering(look({ ...none, cause, knownFiles: 0 })).kind).toBe("fail");
      expect(decideGathering(look({ ...none, cause: "cron" })).kind).toBe("fail");
    },
  );
});
