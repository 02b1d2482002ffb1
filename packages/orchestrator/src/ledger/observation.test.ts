import type { RemoteBulkJob } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { beginCreate } from "./begin-create.ts";
import { advanceBulkJob } from "./bulk-job-record.ts";
import { endBulkJob } from "./end-bulk-job.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  complete,
  ledgerOfTest,
  type TestLedger,
} from "./ledger.test-support.ts";
import {
  readObservation,
  recordObservation,
  releaseObserving,
  takeObserving,
} from "./observation.ts";

const start = 1_000_000;

function listed(id: string, changes: Partial<RemoteBulkJob> = {}): RemoteBulkJob {
  return {
    id,
    sourceName: "crm",
    object: "orders",
    operation: "upsert",
    state: "Open",
    createdAt: start,
    ...changes,
  };
}

async function withOurs(remoteId?: string): Promise<TestLedger> {
  const test = ledgerOfTest();
  const { ledger } = test;
  await addLoad(ledger, { id: "a", parts: 1 });
  await claimAs(ledger, "job1");
  if (remoteId !== undefined)
    await advanceBulkJob(ledger, await bulkJobOf(ledger, "job1"), { remoteId, phase: "uploading" });
  return test;
}

describe("a list of unfinished bulk jobs", () => {
  it("tells the state of ours, and who has left it", async () => {
    const { ledger, setNow } = await withOurs("ours");
    expect(await readObservation(ledger, "ours")).toEqual({ at: 0 });
    setNow(start + 5);
    expect(await recordObservation(ledger, [listed("ours", { state: "InProgress" })])).toBe(0);
    expect(await readObservation(ledger, "ours")).toEqual({ at: start + 5, state: "InProgress" });
    await recordObservation(ledger, []);
    expect(await readObservation(ledger, "ours")).toEqual({ at: start + 5 });
  });

  it("gives other tools' bulk jobs a permit, their object, and a slot from their creation on", async () => {
    const { ledger, setNow } = ledgerOfTest({ slots: 2, permits: 2 });
    setNow(start + 1000);
    const foreign = [listed("f1"), listed("f2", { object: "other", createdAt: start + 500 })];
    expect(await recordObservation(ledger, foreign)).toBe(2);
    await addLoad(ledger, { id: "a", object: "orders", parts: 1 });
    await addLoad(ledger, { id: "b", object: "customers", parts: 1 });
    expect(await claimAs(ledger, "job1")).toEqual({ kind: "wait", reason: "object-busy" });
    expect(await claimAs(ledger, "job2", { object: "customers" })).toEqual({
      kind: "wait",
      reason: "permits",
    });

    await recordObservation(ledger, []);
    const { windowMs } = ledger.limits;
    expect(await claimAs(ledger, "job1")).toEqual({
      kind: "wait",
      reason: "window",
      until: start + windowMs,
    });
    setNow(start + windowMs);
    expect(await claimAs(ledger, "job1")).toEqual({ kind: "granted" });
  });

  it("dates a foreign creation no later than now, whatever the API's clock says", async () => {
    const { ledger } = ledgerOfTest();
    await recordObservation(ledger, [listed("ahead", { createdAt: start + 3_600_000 })]);
    expect(await ledger.redis.zscore(`${ledger.base}slots`, "f:ahead")).toBe(String(start));
  });

  it("takes one of an object that we are creating for ours, not for another tool's", async () => {
    const { ledger } = await withOurs();
    await beginCreate(ledger, await bulkJobOf(ledger, "job1"));
    expect(await recordObservation(ledger, [listed("just-made")])).toBe(0);
    expect(await ledger.redis.zrange(`${ledger.base}slots`, "0", "-1")).toEqual(["o:job1:1"]);
  });

  it("knows ours also after its end", async () => {
    const { ledger } = await withOurs("ours");
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);
    expect(await recordObservation(ledger, [listed("ours")])).toBe(0);
    expect(await ledger.redis.hlen(`${ledger.base}foreign-live`)).toBe(0);
  });
});

it("lets one worker at a time make the list call, and only that one release it", async () => {
  const { ledger } = ledgerOfTest();
  expect(await takeObserving(ledger, "one")).toBe(true);
  expect(await takeObserving(ledger, "two")).toBe(false);
  await releaseObserving(ledger, "two");
  expect(await takeObserving(ledger, "two")).toBe(false);
  await releaseObserving(ledger, "one");
  expect(await takeObserving(ledger, "two")).toBe(true);
  expect(await ledger.redis.pttl(`${ledger.base}observing`)).toBeGreaterThan(0);
});
