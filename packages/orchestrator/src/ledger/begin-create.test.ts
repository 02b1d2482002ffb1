import type { RemoteBulkJob, SlotLimits } from "@headgate/core";
import { expect, it } from "vitest";
import { beginCreate } from "./begin-create.ts";
import { advanceBulkJob, type BulkJobRecord } from "./bulk-job-record.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  ledgerOfTest,
  type TestLedger,
} from "./ledger.test-support.ts";
import { recordObservation } from "./observation.ts";

const start = 1_000_000;

/** Another tool's bulk job of the object that the test's loads want. */
const foreign: RemoteBulkJob = {
  id: "theirs",
  sourceName: "crm",
  object: "orders",
  operation: "upsert",
  state: "Open",
};

async function claimed(limits: Partial<SlotLimits> = {}): Promise<TestLedger> {
  const test = ledgerOfTest({ slots: 2, ...limits });
  await addLoad(test.ledger, { id: "a", parts: 1 });
  await claimAs(test.ledger, "job1");
  return test;
}

async function begin({ ledger }: TestLedger): Promise<BulkJobRecord> {
  const begun = await beginCreate(ledger, await bulkJobOf(ledger, "job1"));
  if (begun.kind === "wait") throw new Error(`must not wait for ${begun.reason}`);
  return begun.record;
}

async function slotsOf({ ledger }: TestLedger): Promise<readonly string[]> {
  return await ledger.redis.zrange(`${ledger.base}slots`, "0", "-1", "WITHSCORES");
}

it("stamps the slot of the claim anew at the moment of sending", async () => {
  const test = await claimed();
  test.setNow(start + 500);
  expect(await begin(test)).toMatchObject({
    phase: "creating",
    createAttempts: 1,
    createSentAt: start + 500,
    createOutcome: "unknown",
  });
  expect(await slotsOf(test)).toEqual(["o:job1:1", String(start + 500)]);
});

it("uses the slot of a call that surely was not sent again", async () => {
  const test = await claimed();
  await advanceBulkJob(test.ledger, await begin(test), { createOutcome: "unsent" });
  expect(await begin(test)).toMatchObject({ createAttempts: 1 });
  expect(await slotsOf(test)).toHaveLength(2);
});

it("takes a further slot after a call that was or may have been sent, and waits where none is free", async () => {
  const test = await claimed();
  await advanceBulkJob(test.ledger, await begin(test), { createOutcome: "refused" });
  test.setNow(start + 10);
  await advanceBulkJob(test.ledger, await begin(test), { createOutcome: "refused" });
  expect(await slotsOf(test)).toEqual(["o:job1:1", String(start), "o:job1:2", String(start + 10)]);

  const { ledger } = test;
  const record = await bulkJobOf(ledger, "job1");
  expect(await beginCreate(ledger, record)).toEqual({
    kind: "wait",
    reason: "window",
    until: start + ledger.limits.windowMs,
  });
  expect(await bulkJobOf(ledger, "job1")).toEqual(record);
});

it("is refused to a worker that another has overtaken, and then stamps nothing", async () => {
  const test = await claimed();
  const stale = await bulkJobOf(test.ledger, "job1");
  await begin(test);
  test.setNow(start + 10);
  await expect(beginCreate(test.ledger, stale)).rejects.toMatchObject({
    code: "ERR_LEDGER_FENCED",
  });
  expect(await slotsOf(test)).toEqual(["o:job1:1", String(start)]);
});

it("waits while another tool has the object that was free at the claim", async () => {
  const test = await claimed();
  const { ledger } = test;
  const record = await bulkJobOf(ledger, "job1");
  await recordObservation(ledger, [foreign]);
  expect(await beginCreate(ledger, record)).toEqual({ kind: "wait", reason: "object-busy" });
  expect(await slotsOf(test)).toEqual(["o:job1:1", String(start)]);

  await recordObservation(ledger, []);
  expect(await begin(test)).toMatchObject({ phase: "creating", createAttempts: 1 });
});

it("does not wait for other tools where the tenant takes several bulk jobs of an object", async () => {
  const test = await claimed({ oneBulkJobPerObject: false });
  await recordObservation(test.ledger, [foreign]);
  expect(await begin(test)).toMatchObject({ phase: "creating" });
});
