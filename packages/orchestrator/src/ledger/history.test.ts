import { seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { beginCreate } from "./begin-create.ts";
import { advanceBulkJob } from "./bulk-job-record.ts";
import { endBulkJob } from "./end-bulk-job.ts";
import {
  beginHistory,
  completeReport,
  declareLoss,
  missingLoads,
  moveBeat,
  readLoss,
  readWitness,
  rememberLoads,
} from "./history.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  complete,
  ledgerOfTest,
  type TestLedger,
} from "./ledger.test-support.ts";
import type { Ledger } from "./ledger.ts";
import { copyLedger } from "./ledger-copy.test-support.ts";
import { createLedgerMemory, type LedgerMemory } from "./ledger-memory.ts";
import { readPrincipal, recordObservation } from "./observation.ts";

const start = 1_000_000;
const history = { kind: "wait", reason: "history" };
const report = { sign: "rolled-back", unknownBulkJobs: [], missingLoads: [] } as const;

/** One of two processes that share a ledger, each with a memory of its own. */
function processOn({ ledger }: TestLedger): Ledger & { readonly memory: LedgerMemory } {
  return { ...ledger, memory: createLedgerMemory() };
}

async function judged(test: TestLedger): Promise<Ledger & { readonly memory: LedgerMemory }> {
  const process = processOn(test);
  process.memory.witness = await beginHistory(process, "g1");
  return process;
}

describe("a generation", () => {
  it("is given once, whoever comes first", async () => {
    const test = ledgerOfTest();
    const first = await beginHistory(test.ledger, "g1");
    const second = await beginHistory(test.ledger, "g2");
    expect([first.generation, second.generation]).toEqual(["g1", "g1"]);
    expect(second.beat).toBeGreaterThan(first.beat);
    expect(await readLoss(test.ledger)).toBeUndefined();
  });
});

describe("a process", () => {
  it("creates nothing before it has judged the ledger's history", async () => {
    const test = ledgerOfTest();
    const process = processOn(test);
    await addLoad(process, { id: "a", parts: 1 });
    expect(await claimAs(process, "job1")).toEqual(history);
    process.memory.witness = await beginHistory(process, "g1");
    expect(await claimAs(process, "job1")).toEqual({ kind: "granted" });
  });

  it("remembers the beat of every write that moves a bulk job", async () => {
    const process = await judged(ledgerOfTest());
    await addLoad(process, { id: "a", parts: 1 });
    const beats = [process.memory.witness?.beat];
    const note = () => beats.push(process.memory.witness?.beat);
    await claimAs(process, "job1");
    note();
    const begun = await beginCreate(process, await bulkJobOf(process, "job1"));
    note();
    if (begun.kind !== "granted") throw new Error("there must be a slot");
    await advanceBulkJob(process, begun.record, { phase: "uploading" });
    note();
    await endBulkJob(process, await bulkJobOf(process, "job1"), complete);
    note();
    await moveBeat(process);
    note();
    expect(new Set(beats).size).toBe(6);
    expect(beats).toEqual(beats.toSorted());
    expect(beats.at(-1)).toBe((await readWitness(process)).beat);
  });

  it("is granted nothing by a ledger that was emptied, replaced, or is a single write behind", async () => {
    const test = ledgerOfTest();
    const process = await judged(test);
    await addLoad(process, { id: "a", parts: 1 });
    await addLoad(process, { id: "b", object: "customers", parts: 1 });
    const goBack = await copyLedger(process);
    await claimAs(process, "job1");
    await goBack();
    expect(await claimAs(process, "job2")).toEqual(history);
    await process.redis.hset(`${process.base}witness`, {
      generation: "other",
      beat: "9".repeat(15),
    });
    expect(await claimAs(process, "job2")).toEqual(history);
    await process.redis.del(`${process.base}witness`);
    expect(await claimAs(process, "job2")).toEqual(history);
    expect(await process.redis.exists(`${process.base}slots`)).toBe(0);
  });

  it("sends no create call of a claim that came back with an older copy", async () => {
    const process = await judged(ledgerOfTest());
    await addLoad(process, { id: "a", parts: 1 });
    await claimAs(process, "job1");
    const record = await bulkJobOf(process, "job1");
    const goBack = await copyLedger(process);
    await beginCreate(process, record);
    await goBack();
    expect(await beginCreate(process, record)).toEqual(history);
  });
});

describe("a loss", () => {
  it("is written down by the first to notice it, and keeps everyone from creating for a window", async () => {
    const test = ledgerOfTest();
    const [one, two] = [await judged(test), await judged(test)];
    const { windowMs } = test.ledger.limits;
    const loss = { seenGeneration: "g1", generation: "g2", report };
    expect(await declareLoss(one, loss)).toBe(start + windowMs);
    expect(await declareLoss(two, { ...loss, generation: "g3" })).toBeUndefined();
    expect(await readWitness(one)).toEqual({
      generation: "g2",
      beat: one.memory.witness?.beat,
      lostBeat: one.memory.witness?.beat,
    });
    expect(await readLoss(one)).toEqual({ ...report, at: start, frozenUntil: start + windowMs });

    await recordObservation(one, []);
    await addLoad(one, { id: "a", parts: 1 });
    expect(await claimAs(two, "job1")).toEqual(history);
    expect(await claimAs(one, "job1")).toEqual({ ...history, until: start + windowMs });
    test.setNow(start + windowMs);
    expect(await claimAs(one, "job1")).toEqual({ kind: "granted" });
  });

  it("needs a list of the tenant from after it", async () => {
    const test = ledgerOfTest();
    const process = await judged(test);
    await recordObservation(process, []);
    await addLoad(process, { id: "a", parts: 1 });
    await declareLoss(process, { seenGeneration: "g1", generation: "g2", report });
    test.setNow(start + process.limits.windowMs);
    expect(await claimAs(process, "job1")).toEqual(history);
    await recordObservation(process, []);
    expect(await claimAs(process, "job1")).toEqual({ kind: "granted" });
  });

  it("never shortens the freeze of an earlier one", async () => {
    const process = await judged(ledgerOfTest());
    await declareLoss(process, { seenGeneration: "g1", generation: "g2", report });
    const shorter = { ...process, limits: { ...process.limits, windowMs: seconds(1) } };
    const until = await declareLoss(shorter, { seenGeneration: "g2", generation: "g3", report });
    expect(until).toBe(start + process.limits.windowMs);
  });

  it("gives a beat later than all that its witness remembers, though the copy is older", async () => {
    const process = await judged(ledgerOfTest());
    process.memory.witness = { generation: "g1", beat: 5_000_000_000 };
    await declareLoss(process, { seenGeneration: "g1", generation: "g2", report });
    expect(await readWitness(process)).toMatchObject({ beat: 5_000_000_001 });
    await moveBeat(process);
    expect(process.memory.witness?.beat).toBe(5_000_000_002);
  });

  it("fences off every worker, and counts all files of a bulk job into which parts went", async () => {
    const process = await judged(ledgerOfTest());
    await addLoad(process, { id: "a", parts: 3 });
    await claimAs(process, "job1");
    const claimed = await bulkJobOf(process, "job1");
    const before = await advanceBulkJob(process, claimed, { phase: "uploading", filesUsed: 1 });
    await declareLoss(process, { seenGeneration: "g1", generation: "g2", report });
    await expect(advanceBulkJob(process, before, { tries: 1 })).rejects.toMatchObject({
      code: "ERR_LEDGER_FENCED",
    });
    expect(await bulkJobOf(process, "job1")).toMatchObject({
      uploading: "1",
      filesUsed: 3,
      next: 0,
    });
  });

  it("puts back who we are, and tells what the list has shown", async () => {
    const process = await judged(ledgerOfTest());
    process.memory.principal = "us";
    await declareLoss(process, { seenGeneration: "g1", generation: "g2", report });
    expect(await readPrincipal(process)).toBe("us");
    const whole = { ...report, unknownBulkJobs: ["r1"], missingLoads: ["default.a"] };
    await completeReport(process, "g1", { ...whole, unknownBulkJobs: [] });
    await completeReport(process, "g2", whole);
    expect(await readLoss(process)).toMatchObject(whole);
  });
});

it("names the unfinished loads that are gone, and no others", async () => {
  const process = await judged(ledgerOfTest());
  const kept = await addLoad(process, { id: "kept", parts: 1 });
  const goBack = await copyLedger(process);
  const lost = await addLoad(process, { id: "lost" });
  await rememberLoads(process);
  expect(process.memory.loads).toEqual(new Set([kept, lost]));
  expect(await missingLoads(process)).toEqual([]);
  await goBack();
  expect(await missingLoads(process)).toEqual([lost]);
});
