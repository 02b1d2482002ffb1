/** Suspects work alone: no start of theirs is counted, and no other work begins, before that. */
import { milliseconds, type Outcome } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { beginErrand, readErrand, recordErrand } from "../errands/errand-record.ts";
import { runErrand } from "../errands/run-errand.ts";
import { cancelLoad } from "../ledger/cancel.ts";
import { beginPlanning, countUploadDeath } from "../ledger/deaths.ts";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { parseLoadRequest } from "../load-request.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { stopwatchOfTest, type TestStopwatch } from "../stopwatch.test-support.ts";
import type { StepContext } from "./context.ts";
import { createIsolation, type Isolation, type Place } from "./isolation.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";

const { signal } = new AbortController();
const halfAnHourMs = 1_800_000;

/** A process of a fleet, whose places the test can take too, on a stopwatch that the test moves. */
interface TestProcess {
  readonly context: StepContext;
  readonly stopwatch: TestStopwatch;
  /** Takes a place, as work beside or alone. */
  take(alone: boolean): Promise<Place>;
  /** Resolves at the next wait for a place. */
  waits(): Promise<void>;
}

function processOf(fleet: TestFleet, changes: Partial<StepContext> = {}): TestProcess {
  const isolation = createIsolation();
  const stopwatch = stopwatchOfTest();
  let waiting = Promise.withResolvers<void>();
  const watched: Isolation = {
    async enter({ alone, giveUp }) {
      return await isolation.enter({
        alone,
        giveUp() {
          waiting.resolve();
          return giveUp();
        },
      });
    },
  };
  const { context } = fleet;
  return {
    context: {
      ...context,
      ports: { ...context.ports, stopwatch },
      isolation: watched,
      ...changes,
    },
    stopwatch,
    async take(alone) {
      const place = await isolation.enter({ alone, giveUp: () => [AbortSignal.abort()] });
      if (place === undefined) throw new Error("something else is at work");
      return place;
    },
    async waits() {
      await waiting.promise;
      waiting = Promise.withResolvers();
    },
  };
}

/** A load over which a worker has died while it planned. */
async function suspect(fleet: TestFleet, object?: string): Promise<string> {
  const id = await fleet.load(object);
  await beginPlanning(fleet.context.ledger, { id, planStarts: 0 });
  return id;
}

/** A load whose bulk job is due to upload its part. */
async function uploading(fleet: TestFleet): Promise<{ loadId: string; bulkJobId: string }> {
  const loadId = await fleet.load();
  await runLoad(fleet.context, loadId, signal);
  const event = await fleet.event((e) => e.type === "bulk-job.claimed");
  const bulkJobId = "bulkJobId" in event ? event.bulkJobId : "";
  const hurried = { ...fleet.context.settings, stepBudgetMs: milliseconds(-1) };
  await runBulkJob({ ...fleet.context, settings: hurried }, bulkJobId, signal);
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ phase: "uploading" });
  return { loadId, bulkJobId };
}

function planned(fleet: TestFleet, loadId: string): boolean {
  return fleet.events.some((event) => event.type === "load.planned" && event.loadId === loadId);
}

describe("planning a load that a worker has died of", () => {
  it("waits until it is alone, and its start is not counted before", async () => {
    const fleet = fleetOfTest();
    const { context, take, waits } = processOf(fleet);
    const loadId = await suspect(fleet);
    const other = await take(false);
    const outcome = runLoad(context, loadId, signal);
    await waits();
    expect(fleet.events).toContainEqual({
      type: "load.suspect",
      loadId,
      work: "planning",
      deaths: 1,
    });
    expect(await loadOf(context.ledger, loadId)).toMatchObject({ planStarts: 1 });
    expect(planned(fleet, loadId)).toBe(false);
    other.leave();
    expect(await outcome).toMatchObject({ kind: "snooze" });
    expect(planned(fleet, loadId)).toBe(true);
    expect(await loadOf(context.ledger, loadId)).toMatchObject({ planStarts: 0 });
  });

  it("lets nothing else begin until its end is recorded", async () => {
    const fleet = fleetOfTest();
    const reading = Promise.withResolvers<void>();
    const mayGoOn = Promise.withResolvers<void>();
    const { source } = fleet.context.ports;
    const process = processOf(fleet);
    const held: StepContext = {
      ...process.context,
      ports: {
        ...process.context.ports,
        source: {
          ...source,
          async *list(...args: Parameters<typeof source.list>) {
            reading.resolve();
            await mayGoOn.promise;
            yield* source.list(...args);
          },
        },
      },
    };
    const suspected = await suspect(fleet);
    const innocent = await fleet.load("customers");
    const alone = runLoad(held, suspected, signal);
    await reading.promise;
    expect(await loadOf(held.ledger, suspected)).toMatchObject({ planStarts: 2 });
    const behind = runLoad(process.context, innocent, signal);
    await process.waits();
    expect(await loadOf(held.ledger, innocent)).toMatchObject({ planStarts: 0 });
    mayGoOn.resolve();
    await Promise.all([alone, behind]);
    const plannings = fleet.events.flatMap((e) => (e.type === "load.planned" ? [e.loadId] : []));
    expect(plannings).toEqual([suspected, innocent]);
  });

  it("fails it without a wait where three have, for nothing of it is read", async () => {
    const fleet = fleetOfTest();
    const { context, take } = processOf(fleet);
    const id = await suspect(fleet);
    for (const planStarts of [1, 2]) await beginPlanning(context.ledger, { id, planStarts });
    await take(true);
    expect(await runLoad(context, id, signal)).toMatchObject({ code: "quarantined" });
  });

  it("is not begun once the load was cancelled meanwhile", async () => {
    const fleet = fleetOfTest();
    const { context, take, waits } = processOf(fleet);
    const loadId = await suspect(fleet);
    const other = await take(false);
    const outcome = runLoad(context, loadId, signal);
    await waits();
    await cancelLoad(context.ledger, loadId);
    other.leave();
    expect(await outcome).toMatchObject({ kind: "cancel" });
    expect(planned(fleet, loadId)).toBe(false);
  });

  it.each(["lease", "drain"] as const)("ends its wait with the %s, uncounted", async (why) => {
    const fleet = fleetOfTest();
    const lease = new AbortController();
    const stopping = new AbortController();
    const { context, take, waits } = processOf(fleet, { stopping: stopping.signal });
    const loadId = await suspect(fleet);
    const other = await take(false);
    const outcome = runLoad(context, loadId, lease.signal);
    outcome.catch(() => undefined);
    await waits();
    if (why === "drain") {
      stopping.abort();
      expect(await outcome).toMatchObject({
        kind: "snooze",
        reason: expect.stringMatching("stops"),
      });
    } else {
      lease.abort(new Error("the lease was lost"));
      await expect(outcome).rejects.toThrow("the lease was lost");
    }
    expect(await loadOf(context.ledger, loadId)).toMatchObject({ planStarts: 1 });
    await take(false);
    other.leave();
  });

  it("gives way after half an hour for as long, so that the others go on", async () => {
    const fleet = fleetOfTest();
    const { context, stopwatch, take, waits } = processOf(fleet);
    const loadId = await suspect(fleet);
    const innocent = await fleet.load("customers");
    await take(false);
    const outcome = runLoad(context, loadId, signal);
    await waits();
    const behind = runLoad(context, innocent, signal);
    await waits();
    await stopwatch.move(halfAnHourMs - 1);
    expect(planned(fleet, innocent)).toBe(false);
    const before = Date.now();
    await stopwatch.move(1);
    const snooze: Outcome = await outcome;
    expect(snooze).toMatchObject({ kind: "snooze", reason: expect.stringMatching("never alone") });
    expect(snooze.kind === "snooze" ? snooze.until : 0).toBeGreaterThan(
      before + halfAnHourMs - 60_000,
    );
    await behind;
    expect(planned(fleet, innocent)).toBe(true);
  });
});

describe("uploading a part of a load that a worker has died of", () => {
  it("waits until it is alone, and no upload is noted before", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await uploading(fleet);
    await countUploadDeath(fleet.context.ledger, loadId);
    const { context, take, waits } = processOf(fleet);
    const other = await take(false);
    const outcome = runBulkJob(context, bulkJobId, signal);
    await waits();
    expect(fleet.events).toContainEqual({
      type: "load.suspect",
      loadId,
      work: "upload",
      deaths: 1,
    });
    expect(await bulkJobOf(context.ledger, bulkJobId)).toMatchObject({
      uploading: "",
      filesUsed: 0,
    });
    expect(fleet.tenant.calls).not.toContain("upload");
    other.leave();
    await outcome;
    expect(fleet.tenant.calls).toContain("upload");
    expect(await loadOf(context.ledger, loadId)).toMatchObject({ deaths: 0, uploadedParts: 1 });
  });

  it("is alone until its result is recorded", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await uploading(fleet);
    await countUploadDeath(fleet.context.ledger, loadId);
    const { context, take } = processOf(fleet);
    const tried: string[] = [];
    fleet.tenant.hold("upload", async () => {
      await take(false).catch(({ message }: Error) => tried.push(message));
    });
    await runBulkJob(context, bulkJobId, signal);
    expect(tried).toEqual(["something else is at work"]);
    await take(true);
  });

  it("is not sent once its load was cancelled meanwhile", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await uploading(fleet);
    const { context, take, waits } = processOf(fleet);
    const suspected = await take(true);
    const outcome = runBulkJob(context, bulkJobId, signal);
    outcome.catch(() => undefined);
    await waits();
    await cancelLoad(context.ledger, loadId);
    suspected.leave();
    await expect(outcome).rejects.toMatchObject({ code: "ERR_LEDGER_FENCED" });
    await runBulkJob(context, bulkJobId, signal);
    expect(await bulkJobOf(context.ledger, bulkJobId)).toMatchObject({ end: "aborted" });
    expect(fleet.tenant.calls).not.toContain("upload");
  });

  it("comes back soon where it waits for another's, to see whether it is still wanted", async () => {
    const fleet = fleetOfTest();
    const { bulkJobId } = await uploading(fleet);
    const { context, stopwatch, take, waits } = processOf(fleet);
    await take(true);
    const outcome = runBulkJob(context, bulkJobId, signal);
    await waits();
    await stopwatch.move(context.settings.stepBudgetMs);
    expect(await outcome).toMatchObject({ kind: "snooze" });
    expect(fleet.tenant.calls).not.toContain("upload");
  });

  it("ends its wait where the worker stops, though an upload under way might end", async () => {
    const fleet = fleetOfTest();
    const { bulkJobId } = await uploading(fleet);
    const stopping = new AbortController();
    const { context, take, waits } = processOf(fleet, { stopping: stopping.signal });
    await take(true);
    const outcome = runBulkJob(context, bulkJobId, signal);
    await waits();
    stopping.abort();
    expect(await outcome).toMatchObject({ kind: "snooze", reason: expect.stringMatching("stops") });
    expect(await bulkJobOf(context.ledger, bulkJobId)).toMatchObject({ uploading: "" });
  });
});

describe("a dry run that a worker has died of", () => {
  it("waits until it is alone, and its start is not counted before; other errands need no place", async () => {
    const fleet = fleetOfTest();
    const { context, take, waits } = processOf(fleet);
    const { ledger } = context;
    fleet.files.set("s3://bucket/a.csv", "id\n1\n");
    const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;
    const request = parseLoadRequest({ ...target, source: { uri: "s3://bucket/a.csv" } });
    const asked = { principal: "test", via: "http", mostOpen: 10 };
    await recordErrand(ledger, { ...asked, id: "plan", request: { kind: "plan", request } });
    await recordErrand(ledger, {
      ...asked,
      id: "short",
      request: { kind: "observe", connection: "default" },
    });
    await beginErrand(ledger, "plan");
    const other = await take(false);
    const outcome = runErrand(context, "plan", signal);
    await waits();
    expect(await readErrand(ledger, "plan")).toMatchObject({ starts: 1 });
    expect(await runErrand(context, "short", signal)).toEqual({ kind: "done" });
    other.leave();
    expect(await outcome).toEqual({ kind: "done" });
    expect(await readErrand(ledger, "plan")).toMatchObject({ state: "done", starts: 2 });
  });
});
