/** Upkeep near the 7-day limit, by the tenant's own clock. */
import { milliseconds, seconds } from "@headgate/core";
import { afterEach, expect, it } from "vitest";
import { orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, type RigOptions, startRig } from "./rig.ts";

const day = 24 * 3600;
const rows = rowsOf(20);

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function start(options: Partial<RigOptions> = {}): Promise<Rig> {
  rig = await startRig({ schemas: { crm: schema }, clock: "manual", ...options });
  return rig;
}

function days(count: number) {
  return seconds(count * day);
}

async function states(of: Rig): Promise<readonly string[]> {
  return (await of.emulator.control.state()).bulkJobs.map((job) => job.state);
}

it("aborts a bulk job of ours that nears 7 days, and its parts go into a new one", async () => {
  const { emulator, put, enqueue, ended, event, reap } = await start({
    emulator: { processingMs: 1 },
  });
  emulator.control.addFaults({ route: "upload", kind: "error", status: 503, times: "always" });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  await event((e) => e.type === "bulk-job.upload-unknown");
  emulator.clock.advance(days(6.4));
  await reap();
  expect(await states(rig as Rig)).toEqual(["Open"]);

  emulator.clock.advance(days(0.2));
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "abort");
  emulator.control.clearFaults();
  await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(milliseconds(10));

  expect((await ended(load.id)).state).toBe("complete");
  expect(await states(rig as Rig)).toEqual(["Aborted", "JobComplete"]);
  const { objects } = await emulator.control.state();
  expect(objects).toMatchObject([{ keysHeld: 20, heldHash: recordsHash(rows) }]);
});

it("only reports the bulk jobs of other tools", async () => {
  const { emulator, event, tenant, reap } = await start();
  await tenant.create("orders");
  emulator.clock.advance(days(6.6));
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "report" && e.why === "foreign");
  expect(await states(rig as Rig)).toEqual(["Open"]);
});

it("aborts old bulk jobs of other tools where the setting says so", async () => {
  const { emulator, event, tenant, reap } = await start({ reapForeign: true });
  await tenant.create("orders");
  await reap();
  expect(await states(rig as Rig)).toEqual(["Open"]);
  emulator.clock.advance(days(6.6));
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "abort");
  expect(await states(rig as Rig)).toEqual(["Aborted"]);
});

it("tells of a bulk job of our user that is not ours, and leaves it alone where the user is shared", async () => {
  const { emulator, put, enqueue, event, ended, self, reap } = await start({
    emulator: { processingMs: 1 },
    sharedUser: true,
  });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(seconds(120));
  await ended(load.id);
  await self.create("customers");
  emulator.clock.advance(days(1));
  await reap();
  const told = await event((e) => e.type === "reaper.acted" && e.why === "unclaimed");
  expect(told).toMatchObject({ decision: "report" });
  expect(await states(rig as Rig)).toEqual(["JobComplete", "Open"]);
});

it("tells of a bulk job that stays UploadComplete, aborts it at 6.5 days, and loads its parts again", async () => {
  const { emulator, put, enqueue, ended, event, reap, loads } = await start({
    emulator: { processingMs: 14 * day * 1000 },
  });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  const first = await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(days(6.1));
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "report" && e.why === "old");
  expect(await loads.get(load.id)).toMatchObject({ state: "processing" });
  expect((await loads.quota())[0]?.permits.used).toBe(1);

  emulator.clock.advance(days(0.5));
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "abort" && e.why === "too-old");
  emulator.control.changeSettings({ processingMs: 1 });
  await event((e) => e.type === "bulk-job.closed" && e !== first);
  emulator.clock.advance(milliseconds(10));
  expect((await ended(load.id)).state).toBe("complete");
  expect(await states(rig as Rig)).toEqual(["Aborted", "JobComplete"]);
  const { objects } = await emulator.control.state();
  expect(objects).toMatchObject([{ keysHeld: 20, heldHash: recordsHash(rows) }]);
});

it("wakes the close of a bulk job whose parts are all up", async () => {
  const { emulator, put, enqueue, ended, event, reap } = await start({
    emulator: { processingMs: 1 },
  });
  emulator.control.addFaults({ route: "close", kind: "error", status: 503, times: "always" });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  await event((e) => e.type === "bulk-job.seen" && e.remoteState === "Open");
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "complete");
  emulator.control.clearFaults();
  await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(milliseconds(10));
  expect((await ended(load.id)).state).toBe("complete");
});

it("puts the parts of a bulk job that the API has deleted into a new one", async () => {
  const { emulator, put, enqueue, ended, event, events } = await start({
    emulator: { processingMs: 1 },
  });
  emulator.control.addFaults({ route: "upload", kind: "error", status: 503, times: "always" });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  await event((e) => e.type === "bulk-job.upload-unknown");
  emulator.clock.advance(days(7.1));
  emulator.control.clearFaults();
  await event((e) => e.type === "bulk-job.ended" && e.end === "lost");
  await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(milliseconds(10));
  expect((await ended(load.id)).state).toBe("complete");
  const opened = events.filter((e) => e.type === "bulk-job.opened");
  expect(opened).toHaveLength(2);
  const { objects } = await emulator.control.state();
  expect(objects).toMatchObject([{ keysHeld: 20, heldHash: recordsHash(rows) }]);
});

it("leaves a bulk job that has failed meanwhile to its own task, which tells why", async () => {
  const { emulator, put, enqueue, ended, event, reap } = await start({
    emulator: { processingMs: 1 },
  });
  emulator.control.addFaults({ route: "processing", kind: "fail" });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(days(6.6));
  await reap();
  expect(await ended(load.id)).toMatchObject({
    state: "failed",
    reason: { code: "bulk_job_failed" },
  });
  expect(await states(rig as Rig)).toEqual(["Failed"]);
});
