import type { BulkError, ClientAccess } from "@headgate/core";
import { describe, expect, it } from "vitest";
import type { ErrandRequest, Errands, ErrandView } from "../errands.ts";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { parseLoadRequest } from "../load-request.ts";
import type { Caller } from "../loads.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { readQuota } from "../quota.ts";
import type { StepContext } from "../steps/context.ts";
import { runBulkJob } from "../steps/run-bulk-job.ts";
import { runLoad } from "../steps/run-load.ts";
import { systemChance } from "../system-ports.ts";
import { beginErrand, endErrand, readErrand, recordErrand } from "./errand-record.ts";
import { createRedisErrands } from "./redis-errands.ts";
import { runErrand } from "./run-errand.ts";

const { signal } = new AbortController();
const caller: Caller = { principal: "test", via: "http" };
const connection = "default";
const client: ClientAccess = {
  name: "test",
  scopes: ["operate"],
  connections: [connection],
  sources: ["s3://bucket/"],
  limits: { requestsPerMinute: 600, pendingLoads: 1 },
};

function errandsOf({ door, context }: TestFleet): Errands {
  return createRedisErrands({
    ledgers: new Map([[connection, context.ledger]]),
    queues: door.queues,
    loads: door.loads,
    chance: systemChance,
  });
}

/** Asks, lets one worker step run, and answers how the errand stands then. */
async function askAndRun(
  fleet: TestFleet,
  request: ErrandRequest,
  context: StepContext = fleet.context,
): Promise<ErrandView | undefined> {
  const errands = errandsOf(fleet);
  const { id } = await errands.ask(request, caller);
  await runErrand(context, id, signal);
  return await errands.get(id);
}

function planOf(uri: string): ErrandRequest {
  const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;
  return { kind: "plan", request: parseLoadRequest({ ...target, source: { uri } }) };
}

/** A load whose bulk job is claimed; answers both ids. */
async function claimed(fleet: TestFleet): Promise<{ readonly load: string; readonly job: string }> {
  const load = await fleet.load();
  await runLoad(fleet.context, load, signal);
  const [holder] = (await readQuota(fleet.context.ledger)).permits.holders;
  return { load, job: holder?.bulkJob ?? "" };
}

describe("an errand", () => {
  it("is answered by a worker, and shows who asked and when", async () => {
    const fleet = fleetOfTest();
    const errands = errandsOf(fleet);
    const asked = await errands.ask({ kind: "observe", connection }, caller);
    expect(asked).toMatchObject({
      kind: "observe",
      connection,
      principal: "test",
      state: "waiting",
    });
    expect(asked.id).toMatch(/^default\.[0-9a-f]{20}$/);
    await fleet.work();
    const ended = await fleet.event((event) => event.type === "errand.ended");
    expect(ended).toMatchObject({ errand: asked.id, kind: "observe", state: "done" });
    expect(await errands.get(asked.id)).toMatchObject({
      ...asked,
      state: "done",
      result: { ours: 0, foreign: 0 },
      endedAt: expect.any(String),
    });
  });

  it.each(["default.none", "emea.x", "nonsense", ""])("is not there under %j", async (id) => {
    expect(await errandsOf(fleetOfTest()).get(id)).toBeUndefined();
  });

  it("is kept for a day", async () => {
    const fleet = fleetOfTest();
    const view = await askAndRun(fleet, { kind: "reap", connection });
    expect(view).toMatchObject({ state: "done", result: { seen: 0, aborted: 0, reported: 0 } });
    const { redis, base } = fleet.context.ledger;
    const left = await redis.ttl(`${base}errand:${view?.id}`);
    expect(left).toBeGreaterThan(86_400 - 60);
    expect(left).toBeLessThanOrEqual(86_400);
  });

  it("is kept while it is one of the newest 500 of its client that have ended", async () => {
    const { context } = fleetOfTest();
    const { ledger } = context;
    const request = { kind: "observe", connection } as const;
    const end = async (id: string, principal: string) => {
      await recordErrand(ledger, { id, request, principal, via: "http", mostOpen: 1 });
      await endErrand(ledger, id, { state: "done", result: {} });
    };
    await end("other", "another");
    for (let n = 1000; n <= 1501; n++) await end(`${n}`, "test");
    for (const id of ["1000", "1001"]) expect(await readErrand(ledger, id)).toBeUndefined();
    for (const id of ["1002", "1501", "other"])
      expect(await readErrand(ledger, id)).toMatchObject({ state: "done" });
  });

  it("that meets an expected failure says so by code, and never waits for ever", async () => {
    const fleet = fleetOfTest();
    fleet.tenant.failNext("list", "ERR_API_FORBIDDEN");
    expect(await askAndRun(fleet, { kind: "reap", connection })).toMatchObject({
      state: "failed",
      reason: { code: "api_forbidden", message: "list met ERR_API_FORBIDDEN" },
    });
  });

  it("that meets a defect fails too, and keeps the defect's words to the log", async () => {
    const fleet = fleetOfTest();
    const listAll = () => {
      throw new TypeError("secret words");
    };
    const ingestion = { ...fleet.context.ports.ingestion, listAll };
    const ports = { ...fleet.context.ports, ingestion };
    const request = { kind: "reap", connection } as const;
    const view = await askAndRun(fleet, request, { ...fleet.context, ports });
    expect(view).toMatchObject({ state: "failed", reason: { code: "unexpected" } });
    expect(JSON.stringify(view)).not.toContain("secret");
    expect(JSON.stringify(fleet.events)).toContain("secret words");
  });

  it("survives the death of two workers, and fails with the third", async () => {
    const fleet = fleetOfTest();
    const errands = errandsOf(fleet);
    for (const [deaths, state] of [
      [2, "done"],
      [3, "failed"],
    ] as const) {
      const { id } = await errands.ask({ kind: "observe", connection }, caller);
      for (let i = 0; i < deaths; i++) await beginErrand(fleet.context.ledger, id);
      await runErrand(fleet.context, id, signal);
      expect(await errands.get(id)).toMatchObject({ state });
    }
    expect(fleet.events).toContainEqual(expect.objectContaining({ code: "quarantined" }));
  });

  it("is left to another worker by one that stops, as often as that happens", async () => {
    const fleet = fleetOfTest();
    const errands = errandsOf(fleet);
    const { id } = await errands.ask({ kind: "reap", connection }, caller);
    for (let i = 0; i < 6; i++) {
      const stop = new AbortController();
      fleet.tenant.hold("list", async () => stop.abort());
      await expect(runErrand(fleet.context, id, stop.signal)).rejects.toThrow();
      expect(await errands.get(id)).toMatchObject({ state: "waiting" });
    }
    fleet.tenant.hold("list", async () => undefined);
    await runErrand(fleet.context, id, signal);
    expect(await errands.get(id)).toMatchObject({ state: "done" });
  });

  it("is done once, however often its task runs", async () => {
    const fleet = fleetOfTest();
    const view = await askAndRun(fleet, { kind: "reap", connection });
    const again = await runErrand(fleet.context, view?.id ?? "", signal);
    expect(again).toEqual({ kind: "cancel", reason: "the errand is done already" });
    expect(fleet.events.filter(({ type }) => type === "reaper.round")).toHaveLength(1);
  });

  it("is refused at the door where the client may not ask, and leaves nothing behind", async () => {
    const fleet = fleetOfTest();
    const errands = errandsOf(fleet);
    const asker = { ...caller, access: client };
    const foreign = { ...asker, access: { ...client, connections: ["emea"] } };
    const unknown = { kind: "reap", connection: "apac" } as const;
    const refusals = [
      errands.ask({ kind: "reap", connection }, foreign),
      errands.ask(unknown, caller),
      errands.ask(planOf("s3://vault/a.csv"), asker),
      errands.ask({ kind: "abort-bulk-job", connection, id: "none" }, asker),
    ].map((asked) => asked.catch((error: unknown) => (error as BulkError).code));
    expect(await Promise.all(refusals)).toEqual([
      "ERR_CLIENT_FORBIDDEN",
      "ERR_UNKNOWN_CONNECTION",
      "ERR_SOURCE_NOT_ALLOWED",
      "ERR_BULK_JOB_NOT_FOUND",
    ]);
    const { redis, base } = fleet.context.ledger;
    expect(await redis.keys(`${base}errand:*`)).toEqual([]);
    expect(await fleet.door.queues.errands.getJobCountByTypes("prioritized", "waiting")).toBe(0);
  });

  it("is refused to a client that has 100 unfinished ones, until one of these has ended", async () => {
    const fleet = fleetOfTest();
    const errands = errandsOf(fleet);
    const ask = () => errands.ask({ kind: "reap", connection }, caller);
    const made = await Promise.allSettled(Array.from({ length: 105 }, ask));
    const [first, ...more] = made.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(more).toHaveLength(99);
    const refusal = { code: "ERR_TOO_MANY_PENDING", fields: { client: "test", allowed: 100 } };
    await expect(ask()).rejects.toMatchObject(refusal);
    const other = { ...caller, principal: "other" };
    expect((await errands.ask({ kind: "reap", connection }, other)).state).toBe("waiting");
    await runErrand(fleet.context, first?.id ?? "", signal);
    expect((await ask()).state).toBe("waiting");
  });

  it("fails where its client has lost its rights since", async () => {
    const fleet = fleetOfTest({ clients: new Map() });
    expect(await askAndRun(fleet, { kind: "reap", connection })).toMatchObject({
      state: "failed",
      reason: { code: "client_forbidden" },
    });
  });
});

describe("a dry run", () => {
  it("reports what a load would take, and records and takes nothing", async () => {
    const fleet = fleetOfTest();
    fleet.files.set("s3://bucket/a.csv", "id\n1\n2\n");
    expect(await askAndRun(fleet, planOf("s3://bucket/a.csv"))).toMatchObject({
      kind: "plan",
      state: "done",
      progress: { sourceObjects: expect.any(Number), bytes: expect.any(Number) },
      result: { ok: true, sourceObjects: 1, parts: 1, bulkJobs: 1, records: 2 },
    });
    expect((await fleet.door.loads.list({})).loads).toEqual([]);
    expect(await readQuota(fleet.context.ledger)).toMatchObject({ slots: { used: 0 } });
  });

  it("of what planning refuses is done, and says why", async () => {
    const fleet = fleetOfTest();
    fleet.files.set("s3://bucket/a.csv", 'id\n"1\n');
    expect(await askAndRun(fleet, planOf("s3://bucket/a.csv"))).toMatchObject({
      state: "done",
      result: { ok: false, reason: { code: "csv_unclosed_quote" } },
    });
  });

  it("is refused for a client that has as many unfinished loads as it may have", async () => {
    const fleet = fleetOfTest();
    await fleet.load();
    const asked = errandsOf(fleet).ask(planOf("s3://bucket/a.csv"), { ...caller, access: client });
    await expect(asked).rejects.toMatchObject({ code: "ERR_TOO_MANY_PENDING" });
  });

  it("keeps no short errand waiting, however long it takes", async () => {
    const fleet = fleetOfTest();
    const errands = errandsOf(fleet);
    fleet.files.set("s3://bucket/a.csv", "id\n1\n");
    const { source } = fleet.context.ports;
    const gate = Promise.withResolvers<void>();
    const slow = {
      ...source,
      async *list(...args: Parameters<typeof source.list>) {
        await gate.promise;
        yield* source.list(...args);
      },
    };
    const context = { ...fleet.context, ports: { ...fleet.context.ports, source: slow } };
    const plans: string[] = [];
    for (let i = 0; i < 8; i++)
      plans.push((await errands.ask(planOf("s3://bucket/a.csv"), caller)).id);
    await fleet.work({ contexts: new Map([[connection, context]]), planConcurrency: 1 });
    const quick = await errands.ask({ kind: "observe", connection }, caller);
    await fleet.event((event) => event.type === "errand.ended" && event.errand === quick.id);
    const states = async () =>
      await Promise.all(plans.map(async (id) => (await errands.get(id))?.state));
    expect(await states()).not.toContain("done");
    gate.resolve();
    await fleet.event((event) => event.type === "errand.ended" && event.errand === plans[0]);
  });
});

describe("aborting a bulk job on request", () => {
  it("of ours gives its parts back to their line, by either id", async () => {
    const fleet = fleetOfTest();
    const { load, job } = await claimed(fleet);
    const upload = Promise.withResolvers<void>();
    fleet.tenant.hold("upload", async () => upload.resolve());
    fleet.tenant.failNext("upload", "ERR_API_THROTTLED");
    await runBulkJob(fleet.context, job, signal);
    await upload.promise;
    const { remoteId = "" } = await bulkJobOf(fleet.context.ledger, job);
    expect(
      await askAndRun(fleet, { kind: "abort-bulk-job", connection, id: remoteId }),
    ).toMatchObject({
      state: "done",
      result: { owner: "ours", bulkJob: job, remoteId },
    });
    await runBulkJob(fleet.context, job, signal);
    expect(await bulkJobOf(fleet.context.ledger, job)).toMatchObject({ end: "aborted" });
    expect(fleet.tenant.bulkJobs.get(remoteId)?.state).toBe("Aborted");
    expect((await loadOf(fleet.context.ledger, load)).state).toBe("waiting");
  });

  it("that was not created yet needs no call", async () => {
    const fleet = fleetOfTest();
    const { job } = await claimed(fleet);
    const view = await askAndRun(fleet, { kind: "abort-bulk-job", connection, id: job });
    expect(view?.result).toEqual({ owner: "ours", bulkJob: job });
    await runBulkJob(fleet.context, job, signal);
    expect(await bulkJobOf(fleet.context.ledger, job)).toMatchObject({ end: "aborted" });
    expect(fleet.tenant.calls).not.toContain("create");
  });

  it("of another tool aborts it at the API, and frees what it held", async () => {
    const fleet = fleetOfTest();
    const target = { sourceName: "crm", object: "visits", operation: "upsert" } as const;
    const { id } = await fleet.context.ports.ingestion.createBulkJob(target, { signal });
    await askAndRun(fleet, { kind: "observe", connection });
    expect((await readQuota(fleet.context.ledger)).permits.foreign).toBe(1);
    expect(await askAndRun(fleet, { kind: "abort-bulk-job", connection, id })).toMatchObject({
      state: "done",
      result: { owner: "foreign", remoteId: id },
    });
    expect(fleet.tenant.bulkJobs.get(id)?.state).toBe("Aborted");
    expect((await readQuota(fleet.context.ledger)).permits.foreign).toBe(0);
  });

  it.each([
    ["InProgress", "processing"],
    ["JobComplete", "JobComplete"],
  ] as const)("that the API has as %s says that it is %s", async (closedState, state) => {
    const fleet = fleetOfTest();
    fleet.tenant.closedState = closedState;
    const { job } = await claimed(fleet);
    await runBulkJob(fleet.context, job, signal);
    await runBulkJob(fleet.context, job, signal);
    expect(await askAndRun(fleet, { kind: "abort-bulk-job", connection, id: job })).toMatchObject({
      state: "failed",
      reason: { code: "bulk_job_state", message: expect.stringContaining(`it is ${state};`) },
    });
  });
});
