import { type ErrorCode, milliseconds, type Outcome } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { cancelLoad } from "../ledger/cancel.ts";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";

const signal = new AbortController().signal;

/** Plans a load and claims its bulk job; answers both ids. */
async function claimed(fleet: TestFleet): Promise<{ loadId: string; bulkJobId: string }> {
  return await claimedBy(fleet, await fleet.load());
}

async function claimedBy(
  fleet: TestFleet,
  loadId: string,
): Promise<{ loadId: string; bulkJobId: string }> {
  await runLoad(fleet.context, loadId, signal);
  await claimBulkJobs(fleet.context, signal);
  const event = await fleet.event((e) => e.type === "bulk-job.claimed");
  return { loadId, bulkJobId: "bulkJobId" in event ? event.bulkJobId : "" };
}

/** Runs the bulk job's task again and again, whatever time it asks for, until it is over. */
async function runOn(fleet: TestFleet, bulkJobId: string): Promise<Outcome> {
  for (;;) {
    const outcome = await runBulkJob(fleet.context, bulkJobId, signal);
    if (outcome.kind !== "snooze") return outcome;
  }
}

describe("a passing fault of the API", () => {
  it.each<[Parameters<TestFleet["tenant"]["failNext"]>[0], ErrorCode, number]>([
    ["authenticate", "ERR_AUTH_REFUSED", 1],
    ["authenticate", "ERR_API_UNREACHABLE", 1],
    ["create", "ERR_API_UNREACHABLE", 1],
    ["upload", "ERR_API_SERVER", 1],
    ["upload", "ERR_API_THROTTLED", 1],
    ["close", "ERR_API_SERVER", 1],
    ["info", "ERR_API_SERVER", 1],
  ])("in %s (%s) is told and met by a wait", async (call, code, slots) => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    fleet.tenant.failNext(call, code);
    expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done" });
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "complete" });
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: "bulk-job.call-failed", bulkJobId, code }),
    );
    expect(fleet.tenant.bulkJobs.size).toBe(1);
    expect(await fleet.door.redis.zcard(`${fleet.context.ledger.base}slots`)).toBe(slots);
  });

  it("that surely took no file uses none up", async () => {
    const fleet = fleetOfTest();
    const { bulkJobId } = await claimed(fleet);
    fleet.tenant.failNext("upload", "ERR_API_UNREACHABLE");
    await runOn(fleet, bulkJobId);
    expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ filesUsed: 1 });
  });

  it("in the list that reconciles a create is met by a wait too", async () => {
    const fleet = fleetOfTest();
    const { bulkJobId } = await claimed(fleet);
    fleet.tenant.failNext("create", "ERR_API_UNKNOWN_OUTCOME");
    fleet.tenant.failNext("list", "ERR_API_SERVER");
    expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done" });
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: "bulk-job.call-failed", code: "ERR_API_SERVER" }),
    );
  });

  it("in an abort, and in the look after it, is met by a wait too", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    fleet.tenant.failNext("upload", "ERR_API_BAD_REQUEST");
    fleet.tenant.failNext("abort", "ERR_API_CONFLICT");
    fleet.tenant.failNext("info", "ERR_API_UNREACHABLE");
    expect(await runOn(fleet, bulkJobId)).toMatchObject({
      kind: "done",
      result: { end: "aborted" },
    });
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
      state: "failed",
      reasonCode: "api_bad_request",
    });
  });
});

it.each<ErrorCode>(["ERR_API_BAD_REQUEST", "ERR_API_FORBIDDEN"])(
  "a create call that is answered with %s fails its loads at once, and its slot stays counted",
  async (code) => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    fleet.tenant.failNext("create", code);
    expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "fail", code: "bulk_job_refused" });
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "failed" });
    expect(fleet.tenant.calls.filter((call) => call === "create")).toHaveLength(1);
    expect(await fleet.door.redis.zcard(`${fleet.context.ledger.base}slots`)).toBe(1);
  },
);

describe("a create call that is answered with 404", () => {
  it("is sent twice more, since a new object takes its time to be known", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    for (const _ of [1, 2]) fleet.tenant.failNext("create", "ERR_API_NOT_FOUND");
    expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done" });
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "complete" });
  });

  it("three times fails its loads", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    for (const _ of [1, 2, 3]) fleet.tenant.failNext("create", "ERR_API_NOT_FOUND");
    expect(await runOn(fleet, bulkJobId)).toMatchObject({
      kind: "fail",
      code: "bulk_job_refused",
    });
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
      state: "failed",
      reasonCode: "api_not_found",
    });
  });
});

it("gives its last part back where an unknown upload has eaten a file of a full bulk job", async () => {
  const fleet = fleetOfTest({ settings: { maxFilesPerBulkJob: 2 } });
  const { context, tenant } = fleet;
  const first = await fleet.load();
  const second = await fleet.load();
  await runLoad(context, second, signal);
  const { bulkJobId } = await claimedBy(fleet, first);
  expect(await bulkJobOf(context.ledger, bulkJobId)).toMatchObject({ files: 2 });
  tenant.failNext("upload", "ERR_API_UNKNOWN_OUTCOME");

  expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done", result: { files: 1 } });
  expect(tenant.calls.filter((call) => call === "upload")).toHaveLength(2);
  expect(await loadOf(context.ledger, first)).toMatchObject({ state: "complete" });
  expect(await loadOf(context.ledger, second)).toMatchObject({ state: "loading", restarts: 0 });
});

it("asks what became of it before it sends a part again whose answer was lost", async () => {
  const fleet = fleetOfTest();
  const { tenant, context } = fleet;
  const { bulkJobId, loadId } = await claimed(fleet);
  tenant.failNext("upload", "ERR_API_UNKNOWN_OUTCOME");
  await runBulkJob(context, bulkJobId, signal);
  expect(tenant.calls.slice(-2)).toEqual(["upload", "info"]);

  tenant.failNext("upload", "ERR_API_UNKNOWN_OUTCOME");
  await tenant.ingestion.abort("remote1", { signal });
  expect(await runBulkJob(context, bulkJobId, signal)).toMatchObject({
    kind: "done",
    result: { end: "lost" },
  });
  expect(tenant.calls.filter((call) => call === "upload")).toHaveLength(2);
  expect(await loadOf(context.ledger, loadId)).toMatchObject({ state: "loading", restarts: 1 });
});

it("charges its loads a restart where it is aborted and none is to blame", async () => {
  const fleet = fleetOfTest({ settings: { onUnknownUpload: "restart" } });
  const { loadId, bulkJobId } = await claimed(fleet);
  fleet.tenant.failNext("upload", "ERR_API_UNKNOWN_OUTCOME");
  expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done", result: { end: "aborted" } });
  expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
    state: "loading",
    restarts: 1,
  });
});

it("does not take a close for done that leaves the bulk job Open", async () => {
  const fleet = fleetOfTest();
  const { loadId, bulkJobId } = await claimed(fleet);
  fleet.tenant.closedState = "Open";
  expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({ kind: "snooze" });
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ phase: "closing" });
  fleet.tenant.closedState = "JobComplete";
  expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done" });
  expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "complete" });
});

it("sends a part again whose worker was stopped, and counts both files", async () => {
  const fleet = fleetOfTest();
  const { loadId, bulkJobId } = await claimed(fleet);
  const stop = new AbortController();
  fleet.tenant.hold("upload", async () => {
    fleet.tenant.hold("upload", async () => undefined);
    stop.abort();
  });
  await expect(runBulkJob(fleet.context, bulkJobId, stop.signal)).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done", result: { files: 1 } });
  expect(fleet.events).toContainEqual(
    expect.objectContaining({ type: "bulk-job.upload-unknown", bulkJobId, part: 1 }),
  );
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ filesUsed: 2 });
  expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "complete" });
});

describe("a bulk job whose only load is cancelled", () => {
  it("before it is created is never created", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    await cancelLoad(fleet.context.ledger, loadId);
    expect(await runOn(fleet, bulkJobId)).toMatchObject({
      kind: "done",
      result: { end: "aborted" },
    });
    expect(fleet.tenant.calls).not.toContain("create");
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
      state: "cancelled",
      claimedParts: 0,
    });
  });

  it("while a part goes up is aborted, not closed", async () => {
    const fleet = fleetOfTest();
    const { loadId, bulkJobId } = await claimed(fleet);
    fleet.tenant.hold("upload", async () => {
      await cancelLoad(fleet.context.ledger, loadId);
    });
    await expect(runOn(fleet, bulkJobId)).rejects.toMatchObject({ code: "ERR_LEDGER_FENCED" });
    expect(await runOn(fleet, bulkJobId)).toMatchObject({
      kind: "done",
      result: { end: "aborted" },
    });
    expect(fleet.tenant.calls).not.toContain("close");
    expect([...fleet.tenant.bulkJobs.values()].map(({ state }) => state)).toEqual(["Aborted"]);
  });
});

it("is over for a record that is gone or has ended", async () => {
  const fleet = fleetOfTest();
  const { bulkJobId } = await claimed(fleet);
  await runOn(fleet, bulkJobId);
  const calls = fleet.tenant.calls.length;
  expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({ kind: "done" });
  expect(await runBulkJob(fleet.context, "none", signal)).toMatchObject({ kind: "cancel" });
  expect(fleet.tenant.calls).toHaveLength(calls);
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ phase: "ended" });
});

it("lets others run once its time is up", async () => {
  const fleet = fleetOfTest({ settings: { stepBudgetMs: milliseconds(-1) } });
  const { bulkJobId } = await claimed(fleet);
  expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({
    kind: "snooze",
    reason: "lets others run",
  });
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ phase: "uploading" });
});

describe("a bulk job that someone else closes half way", () => {
  it("keeps its permit, settles what is in it, and the rest goes into a new one", async () => {
    const fleet = fleetOfTest();
    const { context, tenant } = fleet;
    const first = await fleet.load();
    const second = await fleet.load();
    await runLoad(context, second, signal);
    const { bulkJobId } = await claimedBy(fleet, first);
    tenant.closedState = "InProgress";
    tenant.hold("upload", async () => {
      if (tenant.calls.filter((call) => call === "upload").length !== 2) return;
      await tenant.ingestion.close("remote1", { signal });
    });
    expect(await runBulkJob(context, bulkJobId, signal)).toMatchObject({ kind: "snooze" });
    expect(await bulkJobOf(context.ledger, bulkJobId)).toMatchObject({
      phase: "processing",
      files: 1,
      next: 1,
    });
    expect(await loadOf(context.ledger, first)).toMatchObject({ state: "processing" });
    expect(await loadOf(context.ledger, second)).toMatchObject({ state: "waiting", restarts: 0 });
    expect(await fleet.door.redis.zcard(`${context.ledger.base}permits`)).toBe(1);

    tenant.process("remote1");
    expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done", result: { files: 1 } });
    expect(await loadOf(context.ledger, first)).toMatchObject({ state: "complete" });
    expect(await loadOf(context.ledger, second)).toMatchObject({ state: "loading" });
  });

  it("is not settled beyond what is in it where an abort comes too late", async () => {
    const fleet = fleetOfTest();
    const { context, tenant } = fleet;
    const first = await fleet.load();
    const second = await fleet.load();
    await runLoad(context, second, signal);
    const { bulkJobId } = await claimedBy(fleet, first);
    tenant.closedState = "JobComplete";
    tenant.hold("upload", async () => {
      if (tenant.calls.filter((call) => call === "upload").length !== 2) return;
      tenant.failNext("upload", "ERR_API_BAD_REQUEST");
      tenant.failNext("abort", "ERR_API_CONFLICT");
      await tenant.ingestion.close("remote1", { signal });
    });
    expect(await runOn(fleet, bulkJobId)).toMatchObject({
      kind: "done",
      result: { end: "complete", files: 1 },
    });
    expect(await loadOf(context.ledger, first)).toMatchObject({ state: "complete" });
    expect(await loadOf(context.ledger, second)).toMatchObject({
      state: "loading",
      settledParts: 0,
      claimedParts: 1,
    });
  });
});
