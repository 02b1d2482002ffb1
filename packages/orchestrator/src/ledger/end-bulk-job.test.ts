import { describe, expect, it } from "vitest";
import { advanceBulkJob } from "./bulk-job-record.ts";
import { endBulkJob, restartBudget } from "./end-bulk-job.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  complete,
  ledgerOfTest,
  loadOf,
  lost,
} from "./ledger.test-support.ts";
import { type Ledger, retentionOf } from "./ledger.ts";
import { recordClosed, recordUploaded } from "./part-progress.ts";

/** Uploads the first `count` parts of a bulk job. */
async function upload(ledger: Ledger, id: string, loads: readonly string[]): Promise<void> {
  for (const [i, load] of loads.entries())
    await recordUploaded(ledger, await bulkJobOf(ledger, id), {
      part: { load, part: i, bytes: 10, records: 1 },
      sha256: "0",
    });
}

async function close(ledger: Ledger, id: string): Promise<void> {
  await recordClosed(ledger, await bulkJobOf(ledger, id), "UploadComplete");
}

describe("a bulk job that completes", () => {
  it("settles its parts and ends the loads that have all theirs settled", async () => {
    const { ledger } = ledgerOfTest();
    const whole = await addLoad(ledger, { id: "whole", parts: 1 });
    const half = await addLoad(ledger, { id: "half", parts: 2 });
    await claimAs(ledger, "job1", { maxFiles: 2 });
    await advanceBulkJob(ledger, await bulkJobOf(ledger, "job1"), { remoteId: "remote1" });
    await upload(ledger, "job1", [whole, half]);
    await close(ledger, "job1");
    expect(await loadOf(ledger, whole)).toMatchObject({ state: "processing", closedParts: 1 });
    expect(await loadOf(ledger, half)).toMatchObject({ state: "loading", closedParts: 1 });

    expect(await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete)).toEqual([
      { loadId: whole, state: "complete" },
    ]);
    expect(await loadOf(ledger, whole)).toMatchObject({
      state: "complete",
      endedAt: 1_000_000,
      claimedParts: 0,
      uploadedParts: 1,
      settledParts: 1,
      settledBytes: 10,
      settledRecords: 1,
    });
    expect(await loadOf(ledger, half)).toMatchObject({ state: "loading", settledParts: 1 });
    expect(await bulkJobOf(ledger, "job1")).toMatchObject({ phase: "ended", end: "complete" });
  });

  it("frees permit and object, and never the slot", async () => {
    const { ledger } = ledgerOfTest();
    await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);

    const { redis, base } = ledger;
    expect(await redis.zcard(`${base}permits`)).toBe(0);
    expect(await redis.hgetall(`${base}live`)).toEqual({});
    expect(await redis.zrange(`${base}slots`, "0", "-1")).toEqual(["o:job1:1"]);
  });

  it("lets the record, its parts and the ended load expire after the retention", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await upload(ledger, "job1", [load]);
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);

    const kept = ["bulk-job:job1", "bulk-job:job1:parts", "bulk-job:job1:receipts"];
    const ofLoad = ["", ":sources", ":parts", ":bulk-jobs"].map((end) => `load:${load}${end}`);
    for (const key of [...kept, ...ofLoad]) {
      const ttl = await ledger.redis.ttl(`${ledger.base}${key}`);
      expect(ttl, key).toBeGreaterThan(retentionOf({}) - 60);
    }
  });

  it("ends once, whoever tells it twice", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    const record = await bulkJobOf(ledger, "job1");

    expect(await endBulkJob(ledger, record, complete)).toHaveLength(1);
    expect(await endBulkJob(ledger, record, complete)).toBe("fenced");
    expect(await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost)).toEqual([]);
    expect(await loadOf(ledger, load)).toMatchObject({ state: "complete", settledParts: 1 });
  });
});

describe("a bulk job that is lost", () => {
  it("returns its parts, takes back what was counted as uploaded, and charges a restart", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 3 });
    await claimAs(ledger, "job1");
    await upload(ledger, "job1", [load, load]);

    expect(await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost)).toEqual([]);
    expect(await loadOf(ledger, load)).toMatchObject({
      state: "waiting",
      restarts: 1,
      claimedParts: 0,
      uploadedParts: 0,
      uploadedBytes: 0,
      uploadedRecords: 0,
      closedParts: 0,
    });
    const returned = await ledger.redis.zrange(`${ledger.base}load:${load}:returned`, "0", "-1");
    expect(returned).toEqual(["0", "1", "2"]);
  });

  it("puts its loads back in their places in line, before those accepted later", async () => {
    const { ledger } = ledgerOfTest();
    const first = await addLoad(ledger, { id: "first", parts: 1 });
    const second = await addLoad(ledger, { id: "second", parts: 1 });
    const third = await addLoad(ledger, { id: "third", parts: 1 });
    await claimAs(ledger, "job1", { maxFiles: 2 });
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost);

    const line = await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1");
    expect(line).toEqual([first, second, third]);
  });

  it("leaves a load loading that has parts in another bulk job", async () => {
    const { ledger } = ledgerOfTest({ oneBulkJobPerObject: false });
    const load = await addLoad(ledger, { id: "a", parts: 2 });
    await claimAs(ledger, "job1", { maxFiles: 1 });
    await claimAs(ledger, "job2", { maxFiles: 1 });
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost);
    expect(await loadOf(ledger, load)).toMatchObject({ state: "loading", claimedParts: 1 });
    await endBulkJob(ledger, await bulkJobOf(ledger, "job2"), lost);
    expect(await loadOf(ledger, load)).toMatchObject({ state: "waiting", claimedParts: 0 });
  });

  it("fails a load as unstable once its budget of restarts is used up", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 2 });
    const next = await addLoad(ledger, { id: "b", parts: 1 });
    for (let i = 1; i <= restartBudget; i++) {
      await claimAs(ledger, `job${i}`, { maxFiles: 2 });
      expect(await endBulkJob(ledger, await bulkJobOf(ledger, `job${i}`), lost)).toEqual([]);
    }
    await claimAs(ledger, "last", { maxFiles: 2 });
    expect(await endBulkJob(ledger, await bulkJobOf(ledger, "last"), lost)).toEqual([
      { loadId: load, state: "failed" },
    ]);
    const ended = await loadOf(ledger, load);
    expect(ended).toMatchObject({ state: "failed", reasonCode: "unstable" });
    expect(ended.reasonMessage).toBe("restarted 4 times, allowed 3; last: it vanished");
    expect(await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1")).toEqual([next]);
  });

  it("counts closed parts once and gives them back once, also when it is aborted after its close", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await upload(ledger, "job1", [load]);
    await close(ledger, "job1");
    await close(ledger, "job1");
    expect(await loadOf(ledger, load)).toMatchObject({ closedParts: 1 });
    await advanceBulkJob(ledger, await bulkJobOf(ledger, "job1"), { phase: "aborting" });
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), { ...lost, end: "aborted" });
    expect(await loadOf(ledger, load)).toMatchObject({ state: "waiting", closedParts: 0 });
  });
});

describe("a bulk job with culprits", () => {
  it("fails them with the reason and returns the parts of the others without a charge", async () => {
    const { ledger } = ledgerOfTest();
    const bad = await addLoad(ledger, { id: "bad", parts: 2 });
    const good = await addLoad(ledger, { id: "good", parts: 1 });
    await claimAs(ledger, "job1");
    const ended = await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), {
      end: "aborted",
      code: "source_changed",
      message: "bad.csv is another file now",
      culprits: [bad],
      chargeRestart: false,
    });

    expect(ended).toEqual([{ loadId: bad, state: "failed" }]);
    expect(await loadOf(ledger, bad)).toMatchObject({
      state: "failed",
      reasonCode: "source_changed",
      reasonMessage: "bad.csv is another file now",
      claimedParts: 0,
    });
    expect(await loadOf(ledger, good)).toMatchObject({ state: "waiting", restarts: 0 });
    expect(await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1")).toEqual([good]);
    expect(await ledger.redis.exists(`${ledger.base}load:${bad}:returned`)).toBe(0);
  });

  it("leaves alone a load that had ended already", async () => {
    const { ledger } = ledgerOfTest({ oneBulkJobPerObject: false });
    const load = await addLoad(ledger, { id: "a", parts: 2 });
    await claimAs(ledger, "job1", { maxFiles: 1 });
    await claimAs(ledger, "job2", { maxFiles: 1 });
    const failing = { ...lost, culprits: [load], chargeRestart: false };
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), failing);

    expect(await endBulkJob(ledger, await bulkJobOf(ledger, "job2"), lost)).toEqual([]);
    expect(await loadOf(ledger, load)).toMatchObject({ state: "failed", claimedParts: 0 });
    expect(await ledger.redis.exists(`${ledger.base}line:crm/orders`)).toBe(0);
    expect(await ledger.redis.exists(`${ledger.base}load:${load}:returned`)).toBe(0);
  });
});
