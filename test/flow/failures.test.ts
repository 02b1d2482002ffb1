/** What the API, the store or a person does to a load on its way, and that nothing is lost or doubled. */
import { milliseconds } from "@headgate/core";
import type { FaultInput } from "@headgate/emulator";
import type { HeadgateEvent } from "@headgate/orchestrator";
import { afterEach, describe, expect, it, vi } from "vitest";
import { customers, orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, type RigOptions, startRig } from "./rig.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function start(options: Partial<RigOptions> = {}): Promise<Rig> {
  rig = await startRig({ schemas: { crm: schema }, ...options });
  return rig;
}

const rows = rowsOf(20);

/** Loads 20 records in 2 files with a fault ordered; answers the ended load and the emulator's state. */
async function loadWith(
  fault: FaultInput,
  options: Partial<RigOptions> = {},
  meanwhile: (rig: Rig) => Promise<void> = async () => undefined,
) {
  const started = await start({
    steps: { pollMinMs: milliseconds(50), createGraceMs: milliseconds(0), ...options.steps },
    ...options,
  });
  const { emulator, put, enqueue, ended } = started;
  emulator.control.addFaults(fault);
  await put("in/1.csv", ordersCsv(rows));
  const load = await enqueue({ ...orders, source: { prefix: "s3://exports/in/" } });
  await meanwhile(started);
  const end = await ended(load.id);
  return { end, state: await emulator.control.state(), requests: emulator.control.requests() };
}

/** Whether an event came after another. */
function isAfter(event: HeadgateEvent, other: HeadgateEvent): boolean {
  const events = rig?.events ?? [];
  return events.indexOf(event) > events.indexOf(other);
}

/** Whether two events are about the same bulk job. */
function isOf(event: HeadgateEvent, other: HeadgateEvent): boolean {
  return "bulkJobId" in event && "bulkJobId" in other && event.bulkJobId === other.bulkJobId;
}

describe("a create call", () => {
  it("that was done but never answered is adopted, not sent again", async () => {
    const { end, state } = await loadWith({
      route: "create",
      kind: "done-then-timeout",
      closeSocket: true,
    });
    expect(end.state).toBe("complete");
    expect(state.bulkJobs).toHaveLength(1);
    expect(state.objects).toMatchObject([{ rowsReceived: 20, hash: recordsHash(rows) }]);
    expect(rig?.events).toContainEqual(
      expect.objectContaining({ type: "bulk-job.opened", adopted: true }),
    );
    expect((await rig?.loads.quota())?.[0]?.slots.used).toBe(1);
  });

  it("that was cut before it was done is sent again, in a slot of its own", async () => {
    const { end, state } = await loadWith({ route: "create", kind: "cut" });
    expect(end.state).toBe("complete");
    expect(state.bulkJobs).toHaveLength(1);
    expect((await rig?.loads.quota())?.[0]?.slots.used).toBe(2);
  });

  it("answered 429 closes the gate until Retry-After, and the slot stays counted", async () => {
    const { end, requests } = await loadWith({
      route: "create",
      kind: "error",
      status: 429,
      retryAfter: "1",
    });
    expect(end.state).toBe("complete");
    const [refused, sent] = requests.filter((call) => call.kind === "create");
    expect((sent?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(1000);
    expect((await rig?.loads.quota())?.[0]?.slots.used).toBe(2);
  });

  it("answered 400 fails its load with the API's reason", async () => {
    const { end } = await loadWith({ route: "create", kind: "error", status: 400 });
    expect(end).toMatchObject({ state: "failed", reason: { code: "api_bad_request" } });
  });
});

describe("an upload", () => {
  it("of unknown outcome is sent again into the same bulk job", async () => {
    const { end, state } = await loadWith({
      route: "upload",
      kind: "done-then-timeout",
      closeSocket: true,
    });
    expect(end.state).toBe("complete");
    expect(state.bulkJobs).toHaveLength(1);
    expect(state.objects).toMatchObject([
      { keysHeld: 20, heldHash: recordsHash(rows), rowsReceivedTwice: 20 },
    ]);
  });

  it("of unknown outcome restarts the bulk job where the strict setting asks for it", async () => {
    const { end, state } = await loadWith(
      { route: "upload", kind: "done-then-timeout", closeSocket: true },
      { steps: { pollMinMs: milliseconds(50), onUnknownUpload: "restart" } },
    );
    expect(end.state).toBe("complete");
    expect(state.bulkJobs.map((job) => job.state).toSorted()).toEqual(["Aborted", "JobComplete"]);
    expect(state.objects).toMatchObject([{ rowsReceived: 20, rowsReceivedTwice: 0 }]);
  });

  it("that is cut half way is sent again whole", async () => {
    const { end, state } = await loadWith({ route: "upload", kind: "cut", afterBytes: 100 });
    expect(end.state).toBe("complete");
    expect(state.objects).toMatchObject([{ rowsReceived: 20, hash: recordsHash(rows) }]);
  });

  it("gives its last part back where unknown uploads have eaten the files of the bulk job", async () => {
    const { emulator, put, enqueue, ended, event } = await start({
      clock: "manual",
      emulator: { maxFilesPerBulkJob: 3, processingMs: 1 },
      steps: { pollMinMs: milliseconds(50), maxFilesPerBulkJob: 3 },
    });
    const load = async (i: number) =>
      await enqueue({
        ...orders,
        source: { uri: await put(`${i}.csv`, ordersCsv(rowsOf(5, 5 * i))) },
      });
    const loads = [await load(0)];
    await event((e) => e.type === "bulk-job.closed");
    for (const i of [1, 2, 3]) loads.push(await load(i));
    for (const { id } of loads) await event((e) => e.type === "load.planned" && e.loadId === id);
    emulator.control.addFaults({ route: "upload", kind: "done-then-timeout", closeSocket: true });
    emulator.clock.advance(milliseconds(10));
    const full = await event((e) => e.type === "bulk-job.claimed" && e.parts === 3);
    await event((e) => e.type === "bulk-job.part-returned");
    await event((e) => e.type === "bulk-job.closed" && e.files === 2);
    emulator.clock.advance(milliseconds(10));
    const rest = await event((e) => e.type === "bulk-job.claimed" && isAfter(e, full));
    await event((e) => e.type === "bulk-job.closed" && isOf(e, rest));
    emulator.clock.advance(milliseconds(10));

    for (const { id } of loads) expect((await ended(id)).state).toBe("complete");
    const { objects, maxima } = await emulator.control.state();
    expect(objects).toMatchObject([{ keysHeld: 20, heldHash: recordsHash(rowsOf(20)) }]);
    expect(maxima.maxFilesPerBulkJob).toBe(3);
  });

  it("refused by the API fails its load and leaves no bulk job open", async () => {
    const { end, state } = await loadWith({ route: "upload", kind: "error", status: 400 });
    expect(end).toMatchObject({
      state: "failed",
      reason: {
        code: "api_bad_request",
        message: expect.stringContaining(`part 0 of load ${end.id}: `),
      },
    });
    expect(state.bulkJobs.map((job) => job.state)).toEqual(["Aborted"]);
  });
});

describe("a close", () => {
  it("that was done but never answered counts as done", async () => {
    const { end, state } = await loadWith({
      route: "close",
      kind: "done-then-timeout",
      closeSocket: true,
    });
    expect(end.state).toBe("complete");
    expect(state.bulkJobs).toHaveLength(1);
  });

  it("that was cut is sent again", async () => {
    const { end } = await loadWith({ route: "close", kind: "cut" });
    expect(end.state).toBe("complete");
  });
});

describe("a bulk job", () => {
  it("is not taken for lost where the list cannot be read", async () => {
    const { end, state } = await loadWith(
      { route: "list", kind: "error", status: 404, skip: 2, times: 2 },
      { clock: "manual", emulator: { processingMs: 1 } },
      async ({ event, emulator }) => {
        await event((e) => e.type === "bulk-job.call-failed" && e.call === "list");
        emulator.clock.advance(milliseconds(10));
      },
    );
    expect(end.state).toBe("complete");
    expect(state.bulkJobs).toHaveLength(1);
  });

  it("that the API reports as Failed fails its load", async () => {
    const { end } = await loadWith({ route: "processing", kind: "fail" });
    expect(end).toMatchObject({ state: "failed", reason: { code: "bulk_job_failed" } });
    expect(end.reason?.message).toContain("crm/orders");
  });

  it("is not created while another tool has one of the object, and spends no slot on it", async () => {
    // A worker lists the tenant at its start; each claim must list it anew.
    const { emulator, put, enqueue, ended, event, tenant, loads } = await start({
      steps: { observeEveryMs: milliseconds(0) },
    });
    const foreign = await tenant.create("orders");
    const uri = await put("a.csv", ordersCsv(rows));
    const load = await enqueue({ ...orders, source: { uri } });
    await event((e) => e.type === "claim.waits" && e.reason === "object-busy");
    const quota = (await loads.quota())[0];
    expect(quota).toMatchObject({ slots: { used: 1, foreign: 1 }, permits: { foreign: 1 } });
    await tenant.abort(foreign);
    expect((await ended(load.id)).state).toBe("complete");
    const { objects } = await emulator.control.state();
    expect(objects).toMatchObject([{ rowsReceived: 20, hash: recordsHash(rows) }]);
    expect(emulator.control.requests().filter((call) => call.kind === "create")).toHaveLength(2);
  });
});

describe("a source", () => {
  it("that changes after planning fails its load, and only that one", async () => {
    const { emulator, put, enqueue, ended, event } = await start({
      clock: "manual",
      emulator: { processingMs: 1 },
    });
    const first = await enqueue({
      ...orders,
      source: { uri: await put("first.csv", ordersCsv(rows)) },
    });
    await event((e) => e.type === "bulk-job.closed");
    const uri = await put("changing.csv", ordersCsv(rowsOf(5, 100)));
    const changing = await enqueue({ ...orders, source: { uri } });
    const steady = await enqueue({
      ...orders,
      source: { uri: await put("steady.csv", ordersCsv(rowsOf(5, 200))) },
    });
    await event((e) => e.type === "load.planned" && e.loadId === changing.id);
    await event((e) => e.type === "load.planned" && e.loadId === steady.id);
    await put("changing.csv", ordersCsv(rowsOf(6, 300)));
    emulator.clock.advance(milliseconds(10));
    expect((await ended(first.id)).state).toBe("complete");

    expect(await ended(changing.id)).toMatchObject({
      state: "failed",
      reason: { code: "source_changed" },
    });
    const up = await event(
      (e) => e.type === "bulk-job.part-uploaded" && e.loadId === steady.id && e.parts === 1,
    );
    await event(
      (e) => e.type === "bulk-job.closed" && "bulkJobId" in up && e.bulkJobId === up.bulkJobId,
    );
    emulator.clock.advance(milliseconds(10));
    expect((await ended(steady.id)).state).toBe("complete");
    const held = [...rows, ...rowsOf(5, 200)];
    const { objects } = await emulator.control.state();
    expect(objects).toMatchObject([{ keysHeld: 25, heldHash: recordsHash(held) }]);
  });
});

describe("a cancelled load", () => {
  it("leaves the line, and those behind it go on", async () => {
    const { emulator, put, enqueue, ended, event, loads } = await start({
      clock: "manual",
      emulator: { processingMs: 1 },
    });
    await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
    const closed = await event((e) => e.type === "bulk-job.closed");
    const unwanted = await enqueue({
      ...orders,
      source: { uri: await put("b.csv", ordersCsv(rowsOf(5, 50))) },
    });
    await event((e) => e.type === "load.planned" && e.loadId === unwanted.id);
    expect((await loads.cancel(unwanted.id)).state).toBe("cancelled");
    expect((await loads.cancel(unwanted.id)).state).toBe("cancelled");
    emulator.clock.advance(milliseconds(10));
    await event((e) => e.type === "bulk-job.ended");
    expect((await ended(unwanted.id)).state).toBe("cancelled");

    expect(closed.type).toBe("bulk-job.closed");
    const { objects } = await emulator.control.state();
    expect(objects).toMatchObject([{ rowsReceived: 20 }]);
  });

  it("is refused once its bulk job is being processed", async () => {
    const { emulator, put, enqueue, event, loads } = await start({
      clock: "manual",
      emulator: { processingMs: 1 },
    });
    const load = await enqueue({ ...orders, source: { uri: await put("a.csv", ordersCsv(rows)) } });
    await event((e) => e.type === "bulk-job.closed");
    await expect(loads.cancel(load.id)).rejects.toMatchObject({ code: "ERR_LOAD_STATE" });
    emulator.clock.advance(milliseconds(10));
  });
});

describe("a worker", () => {
  it("that stops in the middle of an upload spends no attempt, and another goes on", async () => {
    const { emulator, put, enqueue, ended, workers, startWorker, attemptsOf } = await start();
    emulator.control.addFaults({ route: "upload", kind: "slow", bytesPerSecond: 500 });
    const load = await enqueue({
      ...customers,
      source: { uri: await put("c.csv", ordersCsv(rowsOf(50)).replace("note", "name")) },
    });
    await vi.waitFor(() =>
      expect(emulator.control.requests().map((call) => call.kind)).toContain("upload"),
    );
    await workers.shift()?.close();
    await startWorker();
    expect((await ended(load.id)).state).toBe("complete");
    for (const attempts of await attemptsOf("bulk-jobs")) expect(attempts).toBeLessThanOrEqual(1);
    const { bulkJobs } = await emulator.control.state();
    expect(bulkJobs).toHaveLength(1);
  });
});
