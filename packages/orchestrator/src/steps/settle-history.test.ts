import { isBulkError } from "@headgate/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { moveBeat, readLoss, readWitness, rememberLoads } from "../ledger/history.ts";
import { copyLedger, emptyLedger } from "../ledger/ledger-copy.test-support.ts";
import { loseTouch } from "../ledger/ledger-memory.ts";
import { readPrincipal, rememberPrincipal } from "../ledger/observation.ts";
import type { IngestionPort } from "../ports.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";
import { type WitnessFleet, witnessFleet } from "./history.test-support.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { settleHistory } from "./settle-history.ts";

const signal = new AbortController().signal;
const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;

async function createdBy({ fleet, now }: WitnessFleet, by: string, ageMs: number): Promise<string> {
  const { tenant } = fleet;
  tenant.createdBy = by;
  tenant.createdAt = now - ageMs;
  const { id } = await tenant.ingestion.createBulkJob(target, { signal });
  tenant.createdBy = "us";
  return id;
}

async function generationOf({ ledger }: StepContext): Promise<string | undefined> {
  return (await readWitness(ledger)).generation;
}

/** A worker that has seen the ledger, and has nothing to do. */
async function judged(fixture: WitnessFleet): Promise<StepContext> {
  const worker = fixture.worker();
  expect(await settleHistory(worker, signal)).toBe(false);
  return worker;
}

describe("a worker that starts", () => {
  it("begins a new ledger at once where the tenant shows nothing of the last window", async () => {
    const fixture = witnessFleet();
    await createdBy(fixture, "us", 2 * 3_600_000);
    const worker = await judged(fixture);
    expect(await generationOf(worker)).toBe(worker.ledger.memory?.witness?.generation);
    expect(await readLoss(worker.ledger)).toBeUndefined();
    expect(fixture.fleet.events).toEqual([]);
  });

  it("begins it too where what the tenant shows is surely another user's", async () => {
    const fixture = witnessFleet();
    await createdBy(fixture, "them", 60_000);
    const { tenant } = fixture.fleet;
    const worker = fixture.worker();
    let userId: string | undefined;
    const ingestion: IngestionPort = {
      ...tenant.ingestion,
      async authenticate() {
        userId = "us";
      },
      userId: () => userId,
    };
    await settleHistory({ ...worker, ports: { ...worker.ports, ingestion } }, signal);
    expect(await readLoss(worker.ledger)).toBeUndefined();
  });

  it("freezes an empty ledger where what the tenant shows may have been ours", async () => {
    const fixture = witnessFleet();
    const remote = await createdBy(fixture, "somebody", 60_000);
    const worker = fixture.worker();
    expect(await settleHistory(worker, signal)).toBe(true);
    const frozenUntil = fixture.now + worker.ledger.limits.windowMs;
    expect(fixture.fleet.events).toEqual([
      {
        type: "ledger.lost",
        connection: "default",
        sign: "emptied",
        message: "the ledger is empty",
        frozenUntil,
        unknownBulkJobs: [remote],
        missingLoads: [],
        missingLoadsInAll: 0,
      },
    ]);
    expect(await readLoss(worker.ledger)).toMatchObject({
      sign: "emptied",
      at: fixture.now,
      frozenUntil,
      unknownBulkJobs: [remote],
    });
  });

  it("goes on at once with the ledger that the others have left", async () => {
    const fixture = witnessFleet();
    const first = await judged(fixture);
    const { bulkJobId } = await fixture.claim(first);
    await fixture.run(first, bulkJobId);
    const second = await judged(fixture);
    expect(second.ledger.memory?.witness?.generation).toBe(await generationOf(first));
    expect(fixture.fleet.events.map(({ type }) => type)).not.toContain("ledger.lost");
  });

  it("knows an older copy by the bulk jobs of ours that it lacks, and counts each as a slot", async () => {
    const fixture = witnessFleet();
    const first = await judged(fixture);
    await rememberPrincipal(first.ledger, "us");
    const goBack = await copyLedger(first.ledger);
    fixture.now += 600_000;
    const { bulkJobId } = await fixture.claim(first);
    await fixture.run(first, bulkJobId);
    await goBack();

    const second = fixture.worker();
    expect(await settleHistory(second, signal)).toBe(true);
    expect(await readLoss(second.ledger)).toMatchObject({ sign: "unknown-bulk-jobs" });
    const { redis, base } = second.ledger;
    expect(await redis.zrange(`${base}slots`, "0", "-1")).toEqual(["f:remote1"]);
  });

  it("does not take a call that was just under way for a loss", async () => {
    const fixture = witnessFleet();
    const first = await judged(fixture);
    await rememberPrincipal(first.ledger, "us");
    await moveBeat(first.ledger);
    await createdBy(fixture, "us", -20_000);
    await judged(fixture);
  });

  it("creates nothing while the tenant cannot be listed", async () => {
    const fixture = witnessFleet();
    const { tenant } = fixture.fleet;
    const worker = fixture.worker();
    tenant.failNext("list", "ERR_API_UNREACHABLE");
    const error = await settleHistory(worker, signal).catch((thrown: unknown) => thrown);
    expect(isBulkError(error, "ERR_API_UNREACHABLE")).toBe(true);
    // Planning claims, and so does the claim after it.
    for (const _ of [1, 2]) tenant.failNext("list", "ERR_API_UNREACHABLE");
    await fixture.claim(worker);
    expect(await worker.ledger.redis.exists(`${worker.ledger.base}slots`)).toBe(0);
    await claimBulkJobs(worker, signal);
    expect(await worker.ledger.redis.zcard(`${worker.ledger.base}slots`)).toBe(1);
  });
});

describe("a worker that goes on", () => {
  it("asks the tenant nothing while the ledger is as it was", async () => {
    const fixture = witnessFleet();
    const worker = await judged(fixture);
    const { calls } = fixture.fleet.tenant;
    const before = calls.length;
    await judged(fixture);
    await settleHistory(worker, signal);
    // The second worker had just begun.
    expect(calls.slice(before)).toEqual(["authenticate", "list"]);
  });

  it("notices a ledger that was emptied, names the loads that are gone, and puts back who we are", async () => {
    const fixture = witnessFleet();
    const worker = await judged(fixture);
    await rememberPrincipal(worker.ledger, "us");
    const { loadId, bulkJobId } = await fixture.claim(worker);
    await rememberLoads(worker.ledger);
    const started = await judged(fixture);
    await rememberLoads(started.ledger);
    await emptyLedger(worker.ledger);

    expect(await settleHistory(started, signal)).toBe(true);
    expect(fixture.fleet.events.at(-1)).toMatchObject({
      type: "ledger.lost",
      sign: "emptied",
      missingLoads: [loadId],
      missingLoadsInAll: 1,
    });
    expect(await readPrincipal(started.ledger)).toBe("us");
    expect(await fixture.run(worker, bulkJobId)).toMatchObject({ kind: "cancel" });
  });

  it("notices that a single write is gone, whichever worker had made it", async () => {
    const fixture = witnessFleet();
    const worker = await judged(fixture);
    const goBack = await copyLedger(worker.ledger);
    await moveBeat(worker.ledger);
    await goBack();
    expect(await settleHistory(worker, signal)).toBe(true);
    expect(await readLoss(worker.ledger)).toMatchObject({ sign: "rolled-back" });
  });

  it("joins in where another has noticed the loss, and neither tells it again nor freezes anew", async () => {
    const fixture = witnessFleet();
    const [one, two] = [await judged(fixture), await judged(fixture)];
    const goBack = await copyLedger(one.ledger);
    fixture.now += 1000;
    await moveBeat(one.ledger);
    await moveBeat(two.ledger);
    await goBack();
    fixture.now += 1000;
    const answers = await Promise.all([settleHistory(one, signal), settleHistory(two, signal)]);
    expect(answers.toSorted()).toEqual([false, true]);
    fixture.now += 1000;
    for (const worker of [one, two, await judged(fixture)])
      expect(await settleHistory(worker, signal)).toBe(false);
    expect(fixture.fleet.events.filter(({ type }) => type === "ledger.lost")).toHaveLength(1);
    expect((await readLoss(one.ledger))?.at).toBe(fixture.now - 1000);
  });

  it("tells a loss also where the tenant cannot be listed, and lists it before it creates", async () => {
    const fixture = witnessFleet();
    const { tenant, events } = fixture.fleet;
    const worker = await judged(fixture);
    await emptyLedger(worker.ledger);
    tenant.failNext("list", "ERR_API_UNREACHABLE");
    expect(await settleHistory(worker, signal)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: "ledger.lost", unknownBulkJobs: [] });
    fixture.now += worker.ledger.limits.windowMs;
    const lists = tenant.calls.filter((call) => call === "list").length;
    const { bulkJobId } = await fixture.claim(worker);
    expect(tenant.calls.filter((call) => call === "list").length).toBe(lists + 1);
    expect(await fixture.run(worker, bulkJobId)).toMatchObject({ kind: "done" });
  });
});

describe("a worker whose connection to Redis broke", () => {
  it("asks the tenant before it creates, and counts what only another worker may remember", async () => {
    const fixture = witnessFleet();
    const [one, two] = [await judged(fixture), await judged(fixture)];
    const goBack = await copyLedger(one.ledger);
    const { bulkJobId } = await fixture.claim(one);
    await fixture.run(one, bulkJobId);
    await goBack();
    loseTouch(two.ledger.memory);
    await settleHistory(two, signal);
    const { redis, base } = two.ledger;
    expect(await redis.zrange(`${base}slots`, "0", "-1")).toEqual(["f:remote1"]);
    const { calls } = fixture.fleet.tenant;
    const before = calls.length;
    await settleHistory(two, signal);
    expect(calls).toHaveLength(before);
  });

  it("creates nothing while the tenant cannot be listed", async () => {
    const fixture = witnessFleet();
    const { tenant } = fixture.fleet;
    const worker = await judged(fixture);
    loseTouch(worker.ledger.memory);
    for (const _ of [1, 2]) tenant.failNext("list", "ERR_API_UNREACHABLE");
    await fixture.claim(worker);
    const { redis, base } = worker.ledger;
    expect(await redis.exists(`${base}slots`)).toBe(0);
    await claimBulkJobs(worker, signal);
    expect(await redis.zcard(`${base}slots`)).toBe(1);
  });

  it("sends no create call whose slot it was granted while that happened, until it has asked", async () => {
    const fixture = witnessFleet();
    const { tenant } = fixture.fleet;
    const worker = await judged(fixture);
    const { bulkJobId } = await fixture.claim(worker);
    const { redis, base, memory } = worker.ledger;
    const ask = redis.eval.bind(redis);
    const asked: (readonly string[])[] = [];
    const broken = vi.spyOn(redis, "eval").mockImplementation((...args) => {
      if (!String(args[0]).includes("'createSentAt'")) return ask(...args);
      if (asked.length === 0) loseTouch(memory);
      asked.push([...tenant.calls]);
      return ask(...args);
    });
    onTestFinished(() => broken.mockRestore());
    await fixture.run(worker, bulkJobId);
    const [first = [], second = []] = asked;
    expect(second.slice(first.length)).toEqual(["authenticate", "authenticate", "list"]);
    expect(tenant.calls.filter((call) => call === "create")).toHaveLength(1);
    expect(await redis.zrange(`${base}slots`, "0", "-1")).toEqual([`o:${bulkJobId}:1`]);
  });
});

it("asks for the list that a loss wants also where only a bulk job waits for it", async () => {
  const fixture = witnessFleet();
  const { tenant } = fixture.fleet;
  const worker = await judged(fixture);
  const { bulkJobId } = await fixture.claim(worker);
  const goBack = await copyLedger(worker.ledger);
  await moveBeat(worker.ledger);
  await goBack();
  tenant.failNext("list", "ERR_API_UNREACHABLE");
  expect(await settleHistory(worker, signal)).toBe(true);
  fixture.now += worker.ledger.limits.windowMs;
  const waits = { kind: "snooze", reason: "waits for history" };
  expect(await runBulkJob(worker, bulkJobId, signal)).toMatchObject(waits);
  expect(await runBulkJob(worker, bulkJobId, signal)).not.toMatchObject(waits);
  expect(tenant.calls).toContain("create");
});

it("claims nothing for a window after a loss, asks to be woken then, and goes on", async () => {
  const fixture = witnessFleet();
  const { fleet } = fixture;
  const worker = await judged(fixture);
  await emptyLedger(worker.ledger);
  const loadId = await fleet.load();
  await fixture.claim(worker, loadId);
  expect(fleet.events).toContainEqual({
    type: "claim.waits",
    object: "crm/orders",
    reason: "history",
    until: fixture.now + worker.ledger.limits.windowMs,
  });
  const wakeUps = await fleet.door.queues.upkeep.getDelayed();
  expect(wakeUps.map(({ name }) => name)).toContain("claim default");
  fixture.now += worker.ledger.limits.windowMs - 1;
  await claimBulkJobs(worker, signal);
  expect(await worker.ledger.redis.exists(`${worker.ledger.base}slots`)).toBe(0);
  fixture.now += 1;
  await claimBulkJobs(worker, signal);
  expect(await worker.ledger.redis.zcard(`${worker.ledger.base}slots`)).toBe(1);
});
