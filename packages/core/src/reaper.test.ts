import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RemoteBulkJob } from "./bulk-job.ts";
import {
  createSpanToleranceMs,
  decideReap,
  defaultReapSettings,
  type ReapOwner,
  unknownOwner,
} from "./reaper.ts";
import { epochMs, milliseconds } from "./units.ts";

const day = 24 * 3600 * 1000;
const now = epochMs(100 * day);

function bulkJob(ageMs: number, state: RemoteBulkJob["state"] = "Open"): RemoteBulkJob {
  return {
    id: "11111111-2222",
    sourceName: "crm",
    object: "orders",
    operation: "upsert",
    state,
    createdAt: now - ageMs,
  };
}

function decide(
  owner: ReapOwner,
  remote: RemoteBulkJob,
  settings: Partial<typeof defaultReapSettings> = {},
) {
  return decideReap(remote, owner, { now, settings: { ...defaultReapSettings, ...settings } });
}

const uploading = { kind: "ours", phase: "uploading", partsMissing: 2 } as const;
const closing = { kind: "ours", phase: "closing", partsMissing: 0 } as const;

describe("decideReap", () => {
  it("leaves a young bulk job of ours alone", () => {
    expect(decide(uploading, bulkJob(day))).toEqual({ kind: "leave" });
  });

  it("completes one of ours that has all its parts", () => {
    expect(decide(closing, bulkJob(day))).toEqual({ kind: "complete" });
    expect(decide(closing, bulkJob(day, "UploadComplete"))).toEqual({ kind: "leave" });
    expect(decide({ ...closing, partsMissing: 1 }, bulkJob(day))).toEqual({ kind: "leave" });
    expect(decide({ ...closing, phase: "uploading" }, bulkJob(day))).toEqual({ kind: "leave" });
  });

  it("tells of one of ours from 6 days on and aborts it at 6.5, to the millisecond", () => {
    expect(decide(uploading, bulkJob(6 * day - 1))).toEqual({ kind: "leave" });
    expect(decide(uploading, bulkJob(6 * day))).toEqual({ kind: "report", why: "old" });
    expect(decide(uploading, bulkJob(6.5 * day - 1))).toEqual({ kind: "report", why: "old" });
    expect(decide(uploading, bulkJob(6.5 * day))).toEqual({ kind: "abort", why: "too-old" });
    const stuck = bulkJob(6.5 * day, "UploadComplete");
    expect(decide(closing, stuck)).toEqual({ kind: "abort", why: "too-old" });
  });

  it("aborts one of our user that the ledger has lost, once no create call can be under way", () => {
    const lost: ReapOwner = { kind: "ours-lost" };
    expect(decide(lost, bulkJob(5 * 60_000 - 1))).toEqual({ kind: "leave" });
    expect(decide(lost, bulkJob(5 * 60_000))).toEqual({ kind: "abort", why: "lost" });
    const closed = bulkJob(day, "UploadComplete");
    expect(decide(lost, closed)).toEqual({ kind: "report", why: "cannot-abort" });
  });

  it("tells of one that no call of ours has made, and aborts it after 15 minutes", () => {
    const unclaimed: ReapOwner = { kind: "unclaimed" };
    const tell = { kind: "report", why: "unclaimed" };
    expect(decide(unclaimed, bulkJob(15 * 60_000 - 1))).toEqual(tell);
    expect(decide(unclaimed, bulkJob(15 * 60_000))).toEqual({ kind: "abort", why: "lost" });
    const closed = bulkJob(day, "UploadComplete");
    expect(decide(unclaimed, closed)).toEqual({ kind: "report", why: "cannot-abort" });
  });

  it("only tells of it where another fleet works as the same user", () => {
    const tell = { kind: "report", why: "unclaimed" };
    const shared = { sharedUser: true };
    expect(decide({ kind: "unclaimed" }, bulkJob(6.9 * day), shared)).toEqual(tell);
    expect(decide({ kind: "ours-lost" }, bulkJob(day), shared).kind).toBe("abort");
  });

  it("never touches one that a create call under way may have made", () => {
    expect(decide({ kind: "being-created" }, bulkJob(6.9 * day))).toEqual({ kind: "leave" });
  });

  it("holds each edge to the millisecond, whatever the instant and the settings", () => {
    const span = fc.integer({ min: 1, max: 7 * day });
    fc.assert(
      fc.property(fc.integer({ min: 8 * day }), span, span, (instant, one, other) => {
        const [alarmAgeMs, abortAgeMs] = one < other ? [one, other] : [other, one];
        const context = {
          now: epochMs(instant),
          settings: {
            ...defaultReapSettings,
            alarmAgeMs,
            abortAgeMs,
          } as typeof defaultReapSettings,
        };
        const at = (ageMs: number) =>
          decideReap({ ...bulkJob(0), createdAt: instant - ageMs }, uploading, context).kind;
        expect([-1, 0, 1].map((off) => at(abortAgeMs + off))).toEqual([
          alarmAgeMs < abortAgeMs ? "report" : "leave",
          "abort",
          "abort",
        ]);
        expect(at(alarmAgeMs - 1)).toBe("leave");
        if (alarmAgeMs < abortAgeMs) expect(at(alarmAgeMs)).toBe("report");
      }),
      { numRuns: 10_000 },
    );
  });

  it("only tells of other tools' bulk jobs unless the setting says to abort old ones", () => {
    const foreign: ReapOwner = { kind: "foreign" };
    expect(decide(foreign, bulkJob(6.9 * day))).toEqual({ kind: "report", why: "foreign" });
    const abortForeign = { abortForeign: true };
    expect(decide(foreign, bulkJob(day), abortForeign)).toEqual({ kind: "report", why: "foreign" });
    expect(decide(foreign, bulkJob(6.5 * day), abortForeign)).toEqual({
      kind: "abort",
      why: "foreign-too-old",
    });
  });

  it("has nothing to do with bulk jobs that are being processed or have ended", () => {
    for (const state of ["InProgress", "JobComplete", "Failed", "Aborted"] as const)
      expect(decide(uploading, bulkJob(6.9 * day, state))).toEqual({ kind: "leave" });
  });

  it("takes one without a creation date as new", () => {
    const { createdAt: _, ...undated } = bulkJob(0);
    expect(decide(uploading, undated)).toEqual({ kind: "leave" });
    const lost: ReapOwner = { kind: "ours-lost" };
    expect(decide(lost, undated)).toEqual({ kind: "leave" });
    const noGrace = { graceMs: milliseconds(0) };
    expect(decide(lost, undated, noGrace)).toEqual({ kind: "abort", why: "lost" });
  });
});

describe("a bulk job of our user that no record names", () => {
  const from = 1000 * day;
  const to = from + 3_600_000;
  const owner = (createdAt: number | undefined, ...spans: { from: number; to?: number }[]) =>
    unknownOwner(createdAt, spans).kind;

  it("is unclaimed where no create call of ours can have made it", () => {
    expect(owner(from)).toBe("unclaimed");
    expect(owner(undefined, { from })).toBe("unclaimed");
  });

  it("is ours from a minute before such a call could be sent to a minute after its end", () => {
    const edges = [from - createSpanToleranceMs, to + createSpanToleranceMs] as const;
    expect(edges.map((at) => owner(at, { from, to }))).toEqual(["ours-lost", "ours-lost"]);
    expect(owner(edges[0] - 1, { from, to })).toBe("unclaimed");
    expect(owner(edges[1] + 1, { from, to })).toBe("unclaimed");
  });

  it("may be adopted as long as one such call is open", () => {
    expect(owner(from + day, { from, to }, { from })).toBe("being-created");
    expect(owner(from - day, { from })).toBe("unclaimed");
  });
});
