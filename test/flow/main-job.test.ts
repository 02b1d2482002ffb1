import { milliseconds } from "@headgate/core";
import type { LoadView } from "@headgate/orchestrator";
import { afterEach, expect, it } from "vitest";
import { csv, customers, orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, startRig } from "./rig.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

it("brings the records of several files into one bulk job", async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 3 });
  const rows = rowsOf(300);
  await rig.put("orders/1.csv", ordersCsv(rows.slice(0, 100)));
  await rig.put("orders/2.csv", ordersCsv(rows.slice(100)));

  const load = await rig.enqueue({
    ...orders,
    source: { prefix: "s3://exports/orders/", suffix: ".csv" },
  });
  const ended = await rig.ended(load.id);

  expect(ended).toMatchObject({
    state: "complete",
    sourceObjects: 2,
    records: { settled: 300 },
    bulkJobs: [{ phase: "ended", end: "complete", remoteState: "JobComplete", uploadedFiles: 1 }],
  });
  const state = await rig.emulator.control.state();
  expect(state.objects).toMatchObject([
    {
      object: "orders",
      rowsReceived: 300,
      keysHeld: 300,
      rowsReceivedTwice: 0,
      hash: recordsHash(rows),
    },
  ]);
  expect(state.bulkJobs).toHaveLength(1);
});

it("applies a delete after the upsert of the same object that was accepted before it", async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 3 });
  const rows = rowsOf(50);
  const upsert = await rig.put("o.csv", ordersCsv(rows));
  const keys = await rig.put(
    "gone.csv",
    csv([["id"], ...rows.slice(0, 20).map(([id = ""]) => [id])]),
  );

  const first = await rig.enqueue({ ...orders, source: { uri: upsert } });
  const second = await rig.enqueue({ ...orders, operation: "delete", source: { uri: keys } });
  await Promise.all([rig.ended(first.id), rig.ended(second.id)]);

  const { objects } = await rig.emulator.control.state();
  expect(objects).toMatchObject([
    { rowsReceived: 50, rowsDeleted: 20, keysHeld: 30, heldHash: recordsHash(rows.slice(20)) },
  ]);
});

it("packs the loads that waited for an object into one bulk job", async () => {
  rig = await startRig({
    schemas: { crm: schema },
    clock: "manual",
    emulator: { processingMs: 1 },
  });
  const loads: LoadView[] = [];
  for (let i = 0; i < 12; i++) {
    const uri = await rig.put(`small/${i}.csv`, ordersCsv(rowsOf(5, 5 * i)));
    loads.push(await rig.enqueue({ ...orders, source: { uri } }));
  }
  const first = await rig.event((event) => event.type === "bulk-job.closed");
  for (const load of loads)
    await rig.event((event) => event.type === "load.planned" && event.loadId === load.id);
  rig.emulator.clock.advance(milliseconds(10));
  await rig.event(
    (event) =>
      event.type === "bulk-job.closed" &&
      first.type === "bulk-job.closed" &&
      event.bulkJobId !== first.bulkJobId,
  );
  rig.emulator.clock.advance(milliseconds(10));
  const ended = await Promise.all(loads.map((load) => rig?.ended(load.id)));

  expect(ended.map((load) => load?.state)).toEqual(Array(12).fill("complete"));
  const { objects, bulkJobs } = await rig.emulator.control.state();
  expect(bulkJobs).toHaveLength(2);
  expect(objects).toMatchObject([{ rowsReceived: 60, hash: recordsHash(rowsOf(60)) }]);
});

it("loads several objects side by side, never more than five bulk jobs at a time", async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 3 });
  const a = await rig.put("a.csv", ordersCsv(rowsOf(10)));
  const b = await rig.put("b.csv", csv([["id", "name"], ...rowsOf(10)]));
  const loads = [
    await rig.enqueue({ ...orders, source: { uri: a } }),
    await rig.enqueue({ ...customers, source: { uri: b } }),
  ];
  const ended = await Promise.all(loads.map((load) => rig?.ended(load.id)));
  expect(ended.map((load) => load?.state)).toEqual(["complete", "complete"]);
});
