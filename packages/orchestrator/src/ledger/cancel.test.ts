import { describe, expect, it } from "vitest";
import { advanceBulkJob } from "./bulk-job-record.ts";
import { cancelLoad } from "./cancel.ts";
import { endBulkJob } from "./end-bulk-job.ts";
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

async function inPhase(ledger: Ledger, id: string, phase: string): Promise<void> {
  await advanceBulkJob(ledger, await bulkJobOf(ledger, id), { phase });
}

describe("cancelling", () => {
  it.each([
    { state: "accepted", parts: undefined },
    { state: "waiting", parts: 2 },
  ])("takes a load that is $state out of line for good", async ({ state, parts }) => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", ...(parts === undefined ? {} : { parts }) });
    const next = await addLoad(ledger, { id: "b", parts: 1 });
    expect(await loadOf(ledger, load)).toMatchObject({ state });

    expect(await cancelLoad(ledger, load)).toEqual({ kind: "cancelled", why: "" });
    expect(await cancelLoad(ledger, load)).toEqual({ kind: "cancelled", why: "" });
    expect(await loadOf(ledger, load)).toMatchObject({ state: "cancelled", endedAt: 1_000_000 });
    const { redis, base } = ledger;
    expect(await redis.zrange(`${base}line:crm/orders`, "0", "-1")).toEqual([next]);
    expect(await redis.smembers(`${base}outbox`)).toEqual([next]);
    expect(await redis.smembers(`${base}ended`)).toEqual([load]);
    expect(await redis.ttl(`${base}load:${load}`)).toBeGreaterThan(retentionOf({}) - 60);
  });

  it.each(["claimed", "creating", "uploading"])(
    "is done while a bulk job of its own is %s",
    async (phase) => {
      const { ledger } = ledgerOfTest();
      const load = await addLoad(ledger, { id: "a", parts: 2 });
      await claimAs(ledger, "job1");
      await inPhase(ledger, "job1", phase);

      expect(await cancelLoad(ledger, load)).toEqual({ kind: "cancelled", why: "" });
      await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), { ...lost, end: "aborted" });
      expect(await loadOf(ledger, load)).toMatchObject({ state: "cancelled", claimedParts: 0 });
      expect(await ledger.redis.exists(`${ledger.base}line:crm/orders`)).toBe(0);
    },
  );

  it("forgets the parts that had come back", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost);

    await cancelLoad(ledger, load);
    expect(await ledger.redis.exists(`${ledger.base}load:${load}:returned`)).toBe(0);
  });

  it("overtakes a worker that has not yet seen it and would close the bulk job", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await inPhase(ledger, "job1", "uploading");
    const read = await bulkJobOf(ledger, "job1");
    await cancelLoad(ledger, load);

    await expect(advanceBulkJob(ledger, read, { phase: "closing" })).rejects.toMatchObject({
      code: "ERR_LEDGER_FENCED",
    });
  });
});

describe("cancelling is refused", () => {
  it.each(["closing", "processing"])("while its bulk job is %s", async (phase) => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await inPhase(ledger, "job1", phase);
    expect(await cancelLoad(ledger, load)).toEqual({ kind: "refused", why: "closed" });
    expect(await loadOf(ledger, load)).toMatchObject({ state: "loading" });
  });

  it("where its bulk job holds parts of other loads", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await addLoad(ledger, { id: "b", parts: 1 });
    await claimAs(ledger, "job1");
    expect(await cancelLoad(ledger, load)).toEqual({ kind: "refused", why: "shared" });
    await inPhase(ledger, "job1", "aborting");
    expect(await cancelLoad(ledger, load)).toEqual({ kind: "cancelled", why: "" });
  });

  it("where some of its parts are settled", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 2 });
    await claimAs(ledger, "job1", { maxFiles: 1 });
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);
    expect(await cancelLoad(ledger, load)).toEqual({ kind: "refused", why: "partly settled" });
  });

  it("where it has ended, and for a load that is not there", async () => {
    const { ledger } = ledgerOfTest();
    const load = await addLoad(ledger, { id: "a", parts: 1 });
    await claimAs(ledger, "job1");
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);
    expect(await cancelLoad(ledger, load)).toEqual({ kind: "refused", why: "complete" });
    expect(await cancelLoad(ledger, "default.none")).toEqual({ kind: "not-found", why: "" });
  });
});
