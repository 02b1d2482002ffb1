import { BulkError, epochMs, milliseconds } from "@headgate/core";
import { expect, it } from "vitest";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { rememberPrincipal } from "../ledger/observation.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";
import { virtualFleet } from "./virtual-fleet.test-support.ts";

const signal = new AbortController().signal;
const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;

/** A claimed bulk job whose create call is answered by nobody, after `meanwhile` was done. */
async function unanswered(
  meanwhile: (fleet: TestFleet) => Promise<unknown>,
  graceMs = 3_600_000,
): Promise<{ fleet: TestFleet; loadId: string; bulkJobId: string }> {
  const fleet = fleetOfTest({ settings: { createGraceMs: milliseconds(graceMs) } });
  const { tenant, context } = fleet;
  const loadId = await fleet.load();
  await runLoad(context, loadId, signal);
  const claimed = await fleet.event((e) => e.type === "bulk-job.claimed");
  await rememberPrincipal(context.ledger, "us");
  tenant.hold("create", async () => {
    tenant.hold("create", async () => undefined);
    await meanwhile(fleet);
    tenant.createdBy = "us";
    tenant.failNext("create", "ERR_API_UNKNOWN_OUTCOME");
  });
  return { fleet, loadId, bulkJobId: "bulkJobId" in claimed ? claimed.bulkJobId : "" };
}

function create({ tenant }: TestFleet, by: string, changes: object = {}) {
  tenant.createdBy = by;
  return tenant.ingestion.createBulkJob({ ...target, ...changes }, { signal });
}

async function slotsOf({ door, context }: TestFleet): Promise<readonly string[]> {
  return await door.redis.zrange(`${context.ledger.base}slots`, "0", "-1");
}

it("adopts the bulk job that an unanswered call has made", async () => {
  const { fleet, bulkJobId } = await unanswered((f) => create(f, "us"));
  await runBulkJob(fleet.context, bulkJobId, signal);
  expect(fleet.events).toContainEqual(
    expect.objectContaining({ type: "bulk-job.opened", remoteId: "remote1", adopted: true }),
  );
  expect(fleet.tenant.bulkJobs.size).toBe(1);
  expect(await slotsOf(fleet)).toEqual([`o:${bulkJobId}:1`]);
});

it("sends no second call while the first may still come to something", async () => {
  const { fleet, bulkJobId } = await unanswered(async () => undefined);
  for (let look = 0; look < 3; look++)
    expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({ kind: "snooze" });
  expect(fleet.tenant.calls.filter((call) => call === "create")).toHaveLength(1);
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({
    phase: "creating",
    createOutcome: "unknown",
  });
});

it("takes a list for what was there when it was asked for, however late it comes", async () => {
  const { fleet, bulkJobId } = await unanswered(async () => undefined, 45_000);
  let now = Date.now();
  const ledger = { ...fleet.context.ledger, clock: () => epochMs(now) };
  fleet.tenant.hold("list", async () => {
    now += 60_000;
  });
  await runBulkJob({ ...fleet.context, ledger }, bulkJobId, signal);
  expect(await bulkJobOf(ledger, bulkJobId)).toMatchObject({ createOutcome: "unknown" });
});

it("sends the call again, in a slot of its own, once the first has surely made nothing", async () => {
  const { fleet, loadId, bulkJobId } = await unanswered(async () => undefined, 0);
  let outcome = await runBulkJob(fleet.context, bulkJobId, signal);
  while (outcome.kind === "snooze") outcome = await runBulkJob(fleet.context, bulkJobId, signal);
  expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "complete" });
  expect(fleet.tenant.bulkJobs.size).toBe(1);
  expect(await slotsOf(fleet)).toEqual([`o:${bulkJobId}:1`, `o:${bulkJobId}:2`]);
});

it("adopts what the list shows late, while the next call waits for its slot", async () => {
  const fleet = virtualFleet({ limits: { slots: 1 } });
  const { tenant, context, events } = fleet;
  const loadId = await fleet.load("orders");
  await rememberPrincipal(context.ledger, "us");
  const { createBulkJob, listAll } = tenant.ingestion;
  let listed = false;
  Object.assign(context.ports, {
    ingestion: {
      ...tenant.ingestion,
      async createBulkJob(...call: Parameters<typeof createBulkJob>) {
        await createBulkJob(...call);
        throw new BulkError("ERR_API_UNKNOWN_OUTCOME", "no answer");
      },
      async *listAll(...call: Parameters<typeof listAll>) {
        if (listed) yield* listAll(...call);
      },
    },
  });
  await fleet.run(10 * 60_000);
  expect(events.map(({ type }) => type)).not.toContain("bulk-job.opened");
  listed = true;
  await fleet.run(2 * 60_000);
  expect(events).toContainEqual(
    expect.objectContaining({ type: "bulk-job.opened", remoteId: "remote1", adopted: true }),
  );
  expect(await loadOf(context.ledger, loadId)).toMatchObject({ state: "complete" });
  expect(tenant.calls.filter((call) => call === "create")).toHaveLength(1);
});

it("gives its parts back after three calls that have made nothing", async () => {
  const { fleet, loadId, bulkJobId } = await unanswered(async () => undefined, 0);
  for (const _ of [2, 3]) fleet.tenant.failNext("create", "ERR_API_UNKNOWN_OUTCOME");
  expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({
    kind: "done",
    result: { end: "conflict" },
  });
  expect(fleet.tenant.calls.filter((call) => call === "create")).toHaveLength(3);
  expect(await slotsOf(fleet)).toHaveLength(3);
  expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ state: "waiting" });
});

it.each([
  ["another user's", (f: TestFleet) => create(f, "them")],
  ["one of another operation", (f: TestFleet) => create(f, "us", { operation: "delete" })],
  [
    "one of two that could be ours",
    async (f: TestFleet) => {
      f.tenant.oneBulkJobPerObject = false;
      await create(f, "us");
      await create(f, "us");
    },
  ],
])("never adopts %s, but gives way to it", async (_, meanwhile) => {
  const { fleet, loadId, bulkJobId } = await unanswered(meanwhile);
  expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({
    kind: "done",
    result: { end: "conflict" },
  });
  expect(fleet.events.map(({ type }) => type)).toContain("bulk-job.create-unknown");
  expect(fleet.tenant.calls).not.toContain("upload");
  expect([...fleet.tenant.bulkJobs.values()].map(({ state }) => state)).not.toContain("Aborted");
  expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
    state: "waiting",
    restarts: 0,
  });
  expect(await slotsOf(fleet)).toContain(`o:${bulkJobId}:1`);
});

it("leaves the object to the one that it gave way to, which the list before the next claim shows", async () => {
  const { fleet, bulkJobId } = await unanswered((f) => create(f, "them"));
  const { context, events, tenant } = fleet;
  const ended = await runBulkJob(context, bulkJobId, signal);
  expect(ended).toMatchObject({ result: { end: "conflict" } });
  const held = Date.now() + 31_000;
  const ledger = { ...context.ledger, clock: () => epochMs(held) };
  const settings = { ...context.settings, observeEveryMs: milliseconds(600_000) };
  await claimBulkJobs({ ...context, ledger, settings }, signal);
  expect(events.at(-1)).toMatchObject({ type: "claim.waits", reason: "object-busy" });
  expect(tenant.bulkJobs.size).toBe(1);
});

it("takes no notice of bulk jobs of other objects", async () => {
  const { fleet, bulkJobId } = await unanswered((f) => create(f, "us", { object: "other" }));
  expect(await runBulkJob(fleet.context, bulkJobId, signal)).toMatchObject({ kind: "snooze" });
  expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ phase: "creating" });
});
