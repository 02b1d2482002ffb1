/** Workers that are told to stop in the middle of a load, as processes. */
import { afterEach, expect, it } from "vitest";
import { orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, startRig } from "./rig.ts";
import type { Tuning } from "./tuned-worker.ts";
import type { WorkerProcess } from "./worker-process.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const files = 8;
const rows = rowsOf(10 * files);

/** A load of as many parts as files: line ends that alternate begin a new one each time. */
async function startLoad(): Promise<{ readonly own: Rig; readonly loadId: string }> {
  const own = await startRig({ schemas: { crm: schema }, workers: 0 });
  rig = own;
  for (let i = 0; i < files; i++) {
    const csv = ordersCsv(rows.slice(10 * i, 10 * i + 10));
    await own.put(`in/${i}.csv`, i % 2 === 0 ? csv : csv.replaceAll("\r\n", "\n"));
  }
  const load = await own.enqueue({ ...orders, source: { prefix: "s3://exports/in/" } });
  return { own, loadId: load.id };
}

async function uploads({ emulator }: Rig, more: number): Promise<void> {
  const count = () => emulator.control.requests().filter(({ kind }) => kind === "upload").length;
  const wanted = count() + more;
  await expect.poll(count, { timeout: 20_000 }).toBeGreaterThanOrEqual(wanted);
}

it("a rolling restart leaves a load as it would have been without", {
  timeout: 90_000,
}, async () => {
  const { own, loadId } = await startLoad();
  own.emulator.control.addFaults({ route: "upload", kind: "slow", delayMs: 700, times: "always" });
  const environment = { HEADGATE__WORKER__DRAIN_SECONDS: "20" };
  const fleet: WorkerProcess[] = [];
  for (let i = 0; i < 3; i++) fleet.push(own.startProcess("shipped", environment));
  await Promise.all(fleet.map((worker) => worker.ready));
  for (const old of fleet) {
    await uploads(own, 1);
    old.kill("SIGTERM");
    own.startProcess("shipped", environment);
    expect(await old.ended).toEqual({ code: 0, signal: null, stderr: "" });
  }
  expect(await own.ended(loadId)).toMatchObject({
    state: "complete",
    parts: { settled: files },
    records: { settled: rows.length },
  });
  const { bulkJobs, objects } = await own.emulator.control.state();
  expect(bulkJobs).toMatchObject([{ state: "JobComplete" }]);
  expect(objects).toMatchObject([{ rowsReceived: rows.length, heldHash: recordsHash(rows) }]);
  expect((await own.loads.quota())[0]?.slots.used).toBe(1);
  const told = own.events.map((event) => event.type);
  expect(told).not.toContain("bulk-job.upload-unknown");
  expect(told).not.toContain("queue.error");
  await expect.poll(() => own.attemptsOf("bulk-jobs")).toEqual([1]);
});

it("an upload that takes longer than a lock is kept for as long as the worker drains", async () => {
  const { own, loadId } = await startLoad();
  own.emulator.control.addFaults({ route: "upload", kind: "slow", delayMs: 6000, times: 1 });
  const tuning: Tuning = { lockMs: 2000, sweepEveryMs: 500 };
  const environment = {
    HEADGATE_TEST_TUNING: JSON.stringify(tuning),
    HEADGATE__WORKER__DRAIN_SECONDS: "20",
  };
  const first = own.startProcess("tuned", environment);
  await uploads(own, 1);
  first.kill("SIGTERM");
  own.startProcess("tuned", environment);
  expect(await first.ended).toEqual({ code: 0, signal: null, stderr: "" });
  expect(await own.ended(loadId)).toMatchObject({ state: "complete" });
  const { bulkJobs, objects } = await own.emulator.control.state();
  expect(bulkJobs).toMatchObject([{ state: "JobComplete" }]);
  expect(objects).toMatchObject([{ rowsReceived: rows.length, heldHash: recordsHash(rows) }]);
  expect(own.events.map((event) => event.type)).not.toContain("queue.lease-lost");
});

it("an upload that does not end in time is cut off, and the next worker goes on with its part", async () => {
  const { own, loadId } = await startLoad();
  own.emulator.control.addFaults({ route: "upload", kind: "timeout", skip: 2, times: 1 });
  const first = own.startProcess("shipped", { HEADGATE__WORKER__DRAIN_SECONDS: "1" });
  await uploads(own, 3);
  first.kill("SIGTERM");
  expect(await first.ended).toEqual({ code: 0, signal: null, stderr: "" });
  own.startProcess("shipped");
  expect(await own.ended(loadId)).toMatchObject({ state: "complete" });
  const { bulkJobs, objects } = await own.emulator.control.state();
  expect(bulkJobs).toMatchObject([{ state: "JobComplete" }]);
  expect(objects).toMatchObject([{ rowsReceived: rows.length, heldHash: recordsHash(rows) }]);
  await expect.poll(() => own.attemptsOf("bulk-jobs")).toEqual([1]);
});

it("a second signal does not wait for an upload", async () => {
  const { own } = await startLoad();
  own.emulator.control.addFaults({ route: "upload", kind: "timeout", times: "always" });
  const worker = own.startProcess("shipped", {
    HEADGATE__WORKER__DRAIN_SECONDS: "500",
    HEADGATE__WORKER__STOP_SECONDS: "600",
  });
  await uploads(own, 1);
  worker.kill("SIGTERM");
  worker.kill("SIGINT");
  expect(await worker.ended).toEqual({ code: 0, signal: null, stderr: "" });
  expect(await own.attemptsOf("bulk-jobs")).toEqual([0]);
});
