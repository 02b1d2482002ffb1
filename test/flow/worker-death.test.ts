/** Workers that stop or die in the middle of a load, as processes. */
import { startPrivateRedis } from "@headgate/standalone/redis";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, startRig } from "./rig.ts";
import type { Tuning } from "./tuned-worker.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const rows = rowsOf(60);

/** A load of three files, each a part: another line end begins a new one. */
async function startLoad(): Promise<{ rig: Rig; loadId: string }> {
  const started = await startRig({ schemas: { crm: schema }, workers: 0 });
  rig = started;
  for (let i = 0; i < 3; i++) {
    const csv = ordersCsv(rows.slice(20 * i, 20 * i + 20));
    await started.put(`in/${i}.csv`, i === 1 ? csv.replaceAll("\r\n", "\n") : csv);
  }
  const load = await started.enqueue({ ...orders, source: { prefix: "s3://exports/in/" } });
  return { rig: started, loadId: load.id };
}

/** From now on uploads stay under way for ever, once so many more have passed. */
function stall({ emulator }: Rig, passing = 0): void {
  emulator.control.clearFaults();
  emulator.control.addFaults({ route: "upload", kind: "timeout", skip: passing, times: "always" });
}

/** Waits until the API has seen the start of an upload that stays under way. */
async function stalled({ emulator }: Rig, since = 0): Promise<void> {
  await vi.waitFor(
    () => {
      const calls = emulator.control.requests(since);
      expect(calls).toContainEqual(expect.objectContaining({ kind: "upload", fault: "timeout" }));
    },
    { timeout: 20_000 },
  );
}

it("a worker that is told to stop in the middle of an upload gives its task back unspent", async () => {
  const { rig, loadId } = await startLoad();
  stall(rig);
  const first = rig.startProcess("shipped");
  await stalled(rig);
  first.kill("SIGTERM");
  expect(await first.ended).toEqual({ code: 0, signal: null, stderr: "" });
  expect(await rig.attemptsOf("bulk-jobs")).toEqual([0]);

  rig.emulator.control.clearFaults();
  rig.startProcess("shipped");
  expect(await rig.ended(loadId)).toMatchObject({ state: "complete", parts: { settled: 3 } });
  const { bulkJobs, objects } = await rig.emulator.control.state();
  expect(bulkJobs.map((job) => job.state)).toEqual(["JobComplete"]);
  expect(objects).toMatchObject([{ keysHeld: 60, heldHash: recordsHash(rows) }]);
  await vi.waitFor(async () => expect(await rig.attemptsOf("bulk-jobs")).toEqual([1]));
});

it("a load whose worker is killed in each of its parts still completes, each record once", {
  timeout: 60_000,
}, async () => {
  const { rig, loadId } = await startLoad();
  const tuning: Tuning = { lockMs: 2000, sweepEveryMs: 500 };
  const environment = { HEADGATE_TEST_TUNING: JSON.stringify(tuning) };
  for (let kill = 0; kill < 3; kill++) {
    stall(rig, Math.min(kill, 1));
    const seen = rig.emulator.control.requests().at(-1)?.seq ?? 0;
    const victim = rig.startProcess("tuned", environment);
    await stalled(rig, seen);
    victim.kill("SIGKILL");
    expect(await victim.ended).toMatchObject({ code: null, signal: "SIGKILL" });
  }
  rig.emulator.control.clearFaults();
  rig.startProcess("tuned", environment);
  expect(await rig.ended(loadId)).toMatchObject({ state: "complete", records: { settled: 60 } });
  const { bulkJobs, objects } = await rig.emulator.control.state();
  expect(bulkJobs.map((job) => job.state)).toEqual(["JobComplete"]);
  expect(objects).toMatchObject([{ rowsReceived: 60, keysHeld: 60, heldHash: recordsHash(rows) }]);
  expect((await rig.loads.quota())[0]?.slots.used).toBe(1);
  await vi.waitFor(async () => expect(await rig.attemptsOf("bulk-jobs")).toEqual([1]));
});

it("a worker that is told to stop while Redis is gone ends within its time, and says so", async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 0 });
  const server = await startPrivateRedis();
  onTestFinished(server.close);
  const worker = rig.startProcess("shipped", {
    HEADGATE_REDIS_URL: server.url,
    HEADGATE__WORKER__STOP_SECONDS: "1",
  });
  await worker.ready;
  await server.close();
  worker.kill("SIGTERM");
  expect(await worker.ended).toMatchObject({ code: 1, signal: null });
  expect(rig.events.at(-1)).toMatchObject({ type: "worker.stopped-late", stopMs: 1000 });
});
