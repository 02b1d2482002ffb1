import { beatsKeptMicros, seconds } from "@headgate/core";
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
import { createLedgerMemory, type LedgerMemory, loseTouch, noteBeat } from "./ledger-memory.ts";
import { readPrincipal, recordObservation } from "./observation.ts";

const start = 1_000_000;
const history = { kind: "wait", reason: "history" };
const report = { sign: "rolled-back", unknownBulkJobs: [], missingLoads: [] } as const;

type Process = Ledger & { readonly memory: LedgerMemory };

/** One of the processes that share a ledger, each with a memory of its own. */
function processOn({ ledger }: TestLedger, name = "p1"): Process {
  return { ...ledger, memory: createLedgerMemory(name) };
}

async function judged(test: TestLedger, name?: string): Promise<Process> {
  const process = processOn(test, name);
  await beginHistory(process, "g1");
  return process;
}

describe("a generation", () => {
  it("is given once, whoever comes first", async () => {
    const test = ledgerOfTest();
    const [first, second] = [processOn(test, "p1"), processOn(test, "p2")];
    await beginHistory(first, "g1");
    await beginHistory(second, "g2");
    const [one, two] = [first.memory.witness, second.memory.witness];
    expect([one?.generation, two?.generation]).toEqual(["g1", "g1"]);
    expect(two?.beat).toBeGreaterThan(one?.beat ?? 0);
    expect((await readWitness(first)).beats).toEqual(
      new Map([
        ["p1", one?.beat],
        ["p2", two?.beat],
      ]),
    );
    expect(await readLoss(test.ledger)).toBeUndefined();
  });
});

describe("a process", () => {
  it("creates nothing before it has judged the ledger's history", async () => {
    const test = ledgerOfTest();
    const process = processOn(test);
    await addLoad(process, { id: "a", parts: 1 });
    expect(await claimAs(process, "job1")).toEqual(history);
    await beginHistory(process, "g1");
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

  it("is granted nothing by an older copy though another process has written since", async () => {
    const test = ledgerOfTest();
    const [one, two] = [await judged(test, "p1"), await judged(test, "p2")];
    await addLoad(one, { id: "a", parts: 1 });
    await addLoad(one, { id: "b", object: "customers", parts: 1 });
    const goBack = await copyLedger(one);
    await claimAs(one, "job1");
    await goBack();
    test.setNow(start + 1);
    await moveBeat(two);
    const { beat } = await readWitness(one);
    expect(beat).toBeGreaterThan(one.memory.witness?.beat ?? 0);
    expect(await claimAs(one, "job2")).toEqual(history);
  });

  it("is granted nothing by an older copy though it has itself written since", async () => {
    const test = ledgerOfTest();
    const process = await judged(test);
    await addLoad(process, { id: "a", parts: 1 });
    await addLoad(process, { id: "b", object: "customers", parts: 1 });
    await claimAs(process, "job1");
    const record = await bulkJobOf(process, "job1");
    const goBack = await copyLedger(process);
    await claimAs(process, "job2", { object: "customers" });
    await goBack();
    test.setNow(start + 1);
    const { revision } = await advanceBulkJob(process, record, { tries: 1 });
    expect(revision).toBe((await readWitness(process)).beat);
    expect(await claimAs(process, "job3", { object: "customers" })).toEqual(history);
  });

  it("forgets the beat of one that was silent for a window, and does not hold that against it", async () => {
    const test = ledgerOfTest();
    const [one, two] = [await judged(test, "p1"), await judged(test, "p2")];
    const keptMs = beatsKeptMicros(test.ledger.limits.windowMs) / 1000;
    await addLoad(one, { id: "a", parts: 1 });
    await addLoad(one, { id: "b", object: "customers", parts: 1 });
    test.setNow(start + keptMs);
    await moveBeat(two);
    expect([...(await readWitness(one)).beats.keys()]).toEqual(["p1", "p2"]);
    test.setNow(start + keptMs + 1);
    await moveBeat(two);
    expect([...(await readWitness(one)).beats.keys()]).toEqual(["p2"]);
    expect(await claimAs(one, "job1")).toEqual({ kind: "granted" });
    expect([...(await readWitness(one)).beats.keys()]).toEqual(["p2", "p1"]);
    expect(await claimAs(one, "job2", { object: "customers" })).toEqual({ kind: "granted" });
  });

  it("creates nothing once its connection broke, until it has judged the ledger again", async () => {
    const process = await judged(ledgerOfTest());
    await addLoad(process, { id: "a", parts: 1 });
    loseTouch(process.memory);
    expect(await claimAs(process, "job1")).toEqual(history);
    process.memory.judgedBreaks = process.memory.breaks;
    expect(await claimAs(process, "job1")).toEqual({ kind: "granted" });
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
    const [one, two] = [await judged(test, "p1"), await judged(test, "p2")];
    const { windowMs } = test.ledger.limits;
    const loss = { seenGeneration: "g1", generation: "g2", report };
    expect(await declareLoss(one, loss)).toBe(start + windowMs);
    expect(await declareLoss(two, { ...loss, generation: "g3" })).toBeUndefined();
    const beat = one.memory.witness?.beat;
    expect(await readWitness(one)).toEqual({
      generation: "g2",
      beat,
      lostBeat: beat,
      beats: new Map([
        ["p1", beat],
        ["p2", two.memory.witness?.beat],
      ]),
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
    noteBeat(process.memory, 5_000_000_000);
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
