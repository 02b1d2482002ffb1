import { describe, expect, it } from "vitest";
import type { RemoteBulkJob } from "./bulk-job.ts";
import { decideReap, defaultReapSettings, type ReapOwner } from "./reaper.ts";
import { epochMs } from "./units.ts";

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
    expect(decide(lost, bulkJob(15 * 60_000 - 1))).toEqual({ kind: "leave" });
    expect(decide(lost, bulkJob(15 * 60_000))).toEqual({ kind: "abort", why: "lost" });
    const closed = bulkJob(day, "UploadComplete");
    expect(decide(lost, closed)).toEqual({ kind: "report", why: "cannot-abort" });
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
  });
});
