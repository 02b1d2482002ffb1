/** Schedules of one test on the real Redis, with a clock and a store that the test moves. */
import { tmpdir } from "node:os";
import {
  bytes,
  type ClientAccess,
  defaultPreflight,
  epochMs,
  isFinalLoadState,
  noFindings,
  type Outcome,
} from "@headgate/core";
import type { HeadgateEvent } from "../events.ts";
import { endBulkJob } from "../ledger/end-bulk-job.ts";
import { bulkJobOf, claimAs, complete } from "../ledger/ledger.test-support.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readLoad, readLoads } from "../ledger/load-record.ts";
import { commitManifest, failPlanning, stageManifest } from "../ledger/manifest.ts";
import { selectionOf } from "../load-request.ts";
import { openScratchFile } from "../preflight/scratch-file.ts";
import { doorOfTest, type TestDoor } from "../redis-loads.test-support.ts";
import { type ScheduleSpecInput, scheduleSchema } from "../schedule-spec.ts";
import type { RunView, Schedules } from "../schedules.ts";
import type { Seals } from "../seals/seals.ts";
import { defaultStepSettings, type StepContext } from "../steps/context.ts";
import { createTestStore, createTestTenant } from "../steps/tenant.test-support.ts";
import { systemChance, systemStopwatch } from "../system-ports.ts";
import type { LoadView } from "../views.ts";
import { advanceRun } from "./advance-run.ts";
import { createRedisSchedules } from "./redis-schedules.ts";
import { readOpenRuns } from "./run-record.ts";
import { sweepSchedules } from "./sweep-schedules.ts";

export interface TestSchedules {
  readonly door: TestDoor;
  readonly schedules: Schedules;
  readonly context: StepContext;
  /** URI to content; the order of the test's files is that of their URIs. */
  readonly files: Map<string, string>;
  readonly events: HeadgateEvent[];
  /** Rights of clients by name; who is not in it may do anything. */
  readonly clients: Map<string, ClientAccess | undefined>;
  setNow(instant: string): void;
  /** Makes a schedule of 02:00 UTC that settles at once; `orders` from `s3://bucket/{yyyy-MM-dd}/orders/`. */
  make(name?: string, changes?: Partial<ScheduleSpecInput>): Promise<void>;
  /** What workers do at this instant: ticks, and steps of all runs, until nothing moves. */
  work(options?: {
    readonly loads?: "complete" | "fail" | "rest";
    readonly context?: StepContext;
  }): Promise<void>;
  /** Runs, newest first. */
  runs(name?: string): Promise<readonly RunView[]>;
  /** Loads, in the order accepted. */
  loads(): Promise<readonly LoadView[]>;
  /** URIs of the files of loads that are complete, in order of acceptance. */
  loaded(): Promise<readonly string[]>;
}

export const caller = { principal: "nightly", via: "http" } as const;
const signal = new AbortController().signal;

export function schedulesOfTest(
  names: readonly string[] = ["default"],
  seals?: Seals,
): TestSchedules {
  const door = doorOfTest({ names, limits: { slots: 10_000, permits: 1000 }, seals });
  const files = new Map<string, string>();
  const events: HeadgateEvent[] = [];
  const clients = new Map<string, ClientAccess | undefined>();
  const emit = (event: HeadgateEvent): void => void events.push(event);
  const context: StepContext = {
    ...door.of("default"),
    settings: defaultStepSettings,
    ports: {
      ingestion: createTestTenant().ingestion,
      source: createTestStore(files),
      catalogue: new Map([["crm", "unchecked"]]),
      accessOf: (principal) => (clients.has(principal) ? clients.get(principal) : "any"),
      preflightOf: () => defaultPreflight,
      openScratch: () => openScratchFile(tmpdir(), systemChance.newId()),
      chance: systemChance,
      stopwatch: systemStopwatch,
      emit,
    },
  };
  const schedules = createRedisSchedules({
    connections: new Map(names.map((name) => [name, door.of(name)])),
    loads: door.loads,
    ports: context.ports,
  });
  const test: TestSchedules = {
    door,
    schedules,
    context,
    files,
    events,
    clients,
    setNow: (instant) => door.setNow(epochMs(Date.parse(instant))),
    async make(name = "nightly", changes = {}) {
      await schedules.create(name, specOf(changes), caller);
    },
    async work({ loads = "complete", context: worker = context } = {}) {
      for (let before = ""; ; ) {
        await sweepSchedules(worker);
        for (const { id } of await readOpenRuns(context.ledger))
          await advanceRun(worker, id, signal);
        if (loads !== "rest") await endLoads(test, loads);
        const open = await readOpenRuns(context.ledger);
        const now = JSON.stringify(open.map(({ id, revision }) => [id, revision]));
        if (now === before) return;
        before = now;
      }
    },
    async runs(name = "nightly") {
      return (await schedules.runs(name, { limit: 100 })).runs;
    },
    async loads() {
      const { loads } = await door.loads.list({ limit: 100 });
      const { loads: records } = await readLoads(
        context.ledger,
        loads.map(({ id }) => id),
      );
      const order = new Map(records.map(({ id, sequence }) => [id, sequence]));
      return loads.toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
    },
    async loaded() {
      const done = (await test.loads()).filter(({ state }) => state === "complete");
      return done.flatMap(({ source }) => ("keys" in source ? source.keys : []));
    },
  };
  return test;
}

export function specOf(changes: Partial<ScheduleSpecInput> = {}) {
  return scheduleSchema.parse({
    cron: "0 2 * * *",
    settleSeconds: 0,
    targets: [
      {
        sourceName: "crm",
        object: "orders",
        source: { prefix: "s3://bucket/{yyyy-MM-dd}/orders/" },
      },
    ],
    ...changes,
  });
}

/** One step of a run. */
export async function stepOf({ context }: TestSchedules, runId: string): Promise<Outcome> {
  return await advanceRun(context, runId, signal);
}

/** Plans each accepted load with the pins that its files have now, and ends it. */
async function endLoads(test: TestSchedules, how: "complete" | "fail"): Promise<void> {
  for (const { id, state } of await test.loads())
    if (!isFinalLoadState(state)) await endLoad(test, id, how);
}

export async function endLoad(
  { context, door }: TestSchedules,
  id: string,
  how: "complete" | "fail",
): Promise<void> {
  const { ledger } = door.of("default");
  const load = await readLoad(ledger, id);
  if (load === undefined) throw new Error(`load ${id} is gone`);
  if (how === "fail") {
    await failPlanning(ledger, id, {
      code: "source_changed",
      message: "it changed",
      findings: noFindings("refuse"),
    });
    return;
  }
  if (load.state === "accepted") await planAs(context, ledger, id);
  const bulkJob = `job-${id}`;
  const { kind } = await claimAs(ledger, bulkJob, { object: load.request.object });
  if (kind !== "granted") throw new Error(`load ${id} was not claimed: ${kind}`);
  await endBulkJob(ledger, await bulkJobOf(ledger, bulkJob), complete);
}

async function planAs({ ports }: StepContext, ledger: Ledger, id: string): Promise<void> {
  const load = await readLoad(ledger, id);
  if (load === undefined) throw new Error(`load ${id} is gone`);
  const stage = stageManifest(ledger, id, "attempt");
  let sourceObjects = 0;
  for await (const object of ports.source.list(selectionOf(load.request), { signal })) {
    await stage.addSource(object);
    sourceObjects++;
  }
  await stage.addPart({ number: 0, segments: [], bytes: bytes(10), records: 1 });
  await stage.flush();
  const sums = { parts: 1, bytes: 10, records: 1 };
  await commitManifest(ledger, {
    loadId: id,
    attempt: "attempt",
    header: "id\n",
    sourceObjects,
    findings: noFindings("refuse"),
    ...sums,
  });
}
