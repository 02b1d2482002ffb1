/**
 * Nights of a real fleet: S3, Redis, queues, emulator, and a clock that jumps from night to night. The
 * emulator's report says that every record has come exactly once.
 */
import { epochMs, milliseconds } from "@headgate/core";
import type { HeadgateEvent, RunView } from "@headgate/orchestrator";
import { afterEach, describe, expect, it } from "vitest";
import { csv, rowsOf, schema } from "../flow/csv.ts";
import { recordsHash } from "../flow/records-hash.ts";
import { type Rig, type RigOptions, startRig } from "../flow/rig.ts";
import type { Tuning } from "../flow/tuned-worker.ts";

const caller = { principal: "rig", via: "http" } as const;
const targets = ["customers", "orders"].map((object) => ({
  sourceName: "crm",
  object,
  source: { prefix: `s3://exports/{yyyy-MM-dd}/${object}/` },
  gate: { file: "_SUCCESS" },
}));
const nightly = { cron: "0 2 * * *", targets, settleSeconds: 1, lookBackDays: 2 };

let rig: Rig | undefined;
let jumpedMs = 0;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  jumpedMs = 0;
});

async function start(schedule: object, changes: Partial<RigOptions> = {}): Promise<Rig> {
  rig = await startRig({
    schemas: { crm: schema },
    workers: 2,
    schedules: { nightly: { ...nightly, ...schedule } },
    workerClock: () => epochMs(Date.now() + jumpedMs),
    steps: { lookEveryMs: milliseconds(200) },
    ...changes,
  });
  return rig;
}

function dayAfter(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

function jumpTo(instant: string): void {
  jumpedMs = Math.max(Date.parse(instant) - Date.now(), jumpedMs);
}

const day = [0, 1, 2, 3, 4, 5].map(dayAfter);
const twoOClock = (n: number): string => `${day[n]}T02:00:00Z`;

async function putRows(name: string, rows: readonly (readonly string[])[]): Promise<void> {
  const header = name.includes("/customers/") ? ["id", "name"] : ["id", "note"];
  await rig?.put(name, csv([header, ...rows]));
}

async function endedRun(date: string, changes: Partial<RunView> = {}): Promise<RunView> {
  const isIt = (event: HeadgateEvent): boolean =>
    event.type === "schedule.run-ended" && event.date === date;
  const event = await rig?.event(isIt);
  const run =
    event !== undefined && "run" in event ? await rig?.schedules.run(event.run) : undefined;
  expect(run).toMatchObject({ date, state: "complete", ...changes });
  if (run === undefined) throw new Error(`no run of ${date}`);
  return run;
}

describe("a nightly schedule of headgate.yaml", () => {
  it("waits for _SUCCESS, loads customers before orders, finds late and overwritten files", async () => {
    const { put, emulator, event, schedules } = await start({});
    const rows = rowsOf(600);
    await putRows(`${day[1]}/customers/1.csv`, rows.slice(0, 50));
    await put(`${day[1]}/customers/_SUCCESS`, "");
    await putRows(`${day[1]}/orders/1.csv`, rows.slice(0, 100));
    await putRows(`${day[1]}/orders/2.csv`, rows.slice(100, 200));
    jumpTo(twoOClock(1));
    await event(
      (e) => e.type === "schedule.run-waits" && e.reason.endsWith("orders/_SUCCESS is not there"),
    );
    expect((await emulator.control.state()).objects).toMatchObject([
      { object: "customers", rowsReceived: 50 },
    ]);
    await put(`${day[1]}/orders/_SUCCESS`, "");
    const first = await endedRun(day[1] ?? "", { files: 3, records: 250 });
    expect(first.targets).toMatchObject([
      { name: "customers", files: 1, records: 50 },
      { name: "orders", files: 2, records: 200 },
    ]);

    await putRows(`${day[1]}/orders/late.csv`, rows.slice(200, 300));
    await putRows(`${day[1]}/orders/2.csv`, rows.slice(300, 400));
    await putRows(`${day[2]}/customers/1.csv`, rows.slice(50, 60));
    await putRows(`${day[2]}/orders/1.csv`, rows.slice(400, 500));
    for (const object of ["customers", "orders"]) await put(`${day[2]}/${object}/_SUCCESS`, "");
    jumpTo(twoOClock(2));
    await endedRun(day[2] ?? "", { files: 4, records: 310 });

    const { objects } = await emulator.control.state();
    expect(objects).toMatchObject([
      {
        object: "customers",
        rowsReceived: 60,
        rowsReceivedTwice: 0,
        hash: recordsHash(rows.slice(0, 60)),
      },
      {
        object: "orders",
        rowsReceived: 500,
        rowsReceivedTwice: 0,
        hash: recordsHash(rows.slice(0, 500)),
      },
    ]);
    expect(await schedules.get("nightly")).toMatchObject({
      origin: "file",
      lastRun: { date: day[2] },
    });
  }, 60_000);

  it("starts what was missed while the fleet was stopped, each night once", async () => {
    const { put, emulator, workers, startWorker, schedules } = await start({
      missedRuns: "each",
      lookBackDays: 0,
    });
    const rows = rowsOf(90);
    for (const [n, date] of [day[1], day[2], day[3]].entries()) {
      for (const object of ["customers", "orders"]) {
        await putRows(`${date}/${object}/1.csv`, rows.slice(n * 30, n * 30 + 30));
        await put(`${date}/${object}/_SUCCESS`, "");
      }
    }
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    jumpTo(`${day[3]}T09:00:00Z`);
    await Promise.all([startWorker(), startWorker()]);
    await endedRun(day[3] ?? "");
    const { runs } = await schedules.runs("nightly", {});
    expect(runs.map(({ date, state }) => [date, state])).toEqual(
      [day[3], day[2], day[1]].map((date) => [date, "complete"]),
    );
    const { objects } = await emulator.control.state();
    for (const object of objects)
      expect(object).toMatchObject({
        rowsReceived: 90,
        rowsReceivedTwice: 0,
        hash: recordsHash(rows),
      });
  }, 60_000);

  it("slips in between the dates of a backfill, and no record goes twice", async () => {
    const { put, emulator, event, schedules } = await start({
      lookBackDays: 1,
      missedRuns: "skip",
      waitSeconds: 2 * 86_400,
    });
    const rows = rowsOf(120);
    for (const n of [0, 1, 2, 3]) {
      for (const object of ["customers", "orders"]) {
        await putRows(`${day[n]}/${object}/1.csv`, rows.slice(n * 30, n * 30 + 30));
        if (n > 0) await put(`${day[n]}/${object}/_SUCCESS`, "");
      }
    }
    jumpTo(`${day[2]}T12:00:00Z`);
    const backfill = await schedules.backfill("nightly", {
      from: day[0] ?? "",
      to: day[2] ?? "",
      caller,
    });
    expect(backfill.runs).toHaveLength(3);
    await event((e) => e.type === "schedule.run-waits");
    jumpTo(twoOClock(3));
    await endedRun(day[3] ?? "", { cause: "cron" });
    for (const object of ["customers", "orders"]) await put(`${day[0]}/${object}/_SUCCESS`, "");
    await endedRun(day[2] ?? "", { cause: "backfill" });

    const { objects } = await emulator.control.state();
    for (const object of objects)
      expect(object).toMatchObject({
        rowsReceived: 120,
        rowsReceivedTwice: 0,
        hash: recordsHash(rows),
      });
    const { runs } = await schedules.runs("nightly", {});
    expect(runs.filter(({ cause }) => cause === "backfill").map(({ state }) => state)).toEqual(
      Array.from({ length: 3 }, () => "complete"),
    );
  }, 60_000);

  it("goes on where its worker is killed, again and again, while a run is under way", async () => {
    const { put, emulator, event, schedules, startProcess } = await start(
      { targets: targets.slice(1) },
      { workers: 0 },
    );
    const rows = rowsOf(2000);
    for (const n of [0, 1, 2, 3])
      await putRows(`${day[0]}/orders/${n}.csv`, rows.slice(n * 500, n * 500 + 500));
    const environment = {
      HEADGATE_TEST_TUNING: JSON.stringify({ lockMs: 1000, sweepEveryMs: 500 } satisfies Tuning),
    };
    const victims: readonly HeadgateEvent["type"][] = [
      "schedule.run-waits",
      "load.accepted",
      "load.planned",
    ];
    const date = day[0] ?? "";
    for (const [kill, type] of victims.entries()) {
      const victim = startProcess("tuned", environment);
      await victim.ready;
      if (kill === 0) await schedules.runNow("nightly", { date, caller });
      await event((e) => e.type === type);
      victim.kill("SIGKILL");
      expect(await victim.ended).toMatchObject({ signal: "SIGKILL" });
      await put(`${date}/orders/_SUCCESS`, "");
    }
    startProcess("tuned", environment);
    await endedRun(date, { files: 4, records: 2000 });
    const { objects } = await emulator.control.state();
    expect(objects).toMatchObject([
      { rowsReceived: 2000, rowsReceivedTwice: 0, hash: recordsHash(rows) },
    ]);
    expect((await schedules.runs("nightly", {})).runs).toHaveLength(1);
  }, 90_000);
});
