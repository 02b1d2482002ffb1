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

it("aborts one of our own user that the ledger does not know, after the time a create may take", async () => {
  const { emulator, put, enqueue, event, ended, self, reap } = await start({
    emulator: { processingMs: 1 },
  });
  const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
  await event((e) => e.type === "bulk-job.closed");
  emulator.clock.advance(milliseconds(10));
  await ended(load.id);
  await self.create("customers");
  await reap();
  expect(await states(rig as Rig)).toEqual(["JobComplete", "Open"]);
  emulator.clock.advance(seconds(16 * 60));
  await reap();
  await event((e) => e.type === "reaper.acted" && e.decision === "abort" && e.why === "lost");
  expect(await states(rig as Rig)).toEqual(["JobComplete", "Aborted"]);
});
