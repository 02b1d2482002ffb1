import { after, milliseconds, seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { endBulkJob } from "../ledger/end-bulk-job.ts";
import { bulkJobOf, loadOf, lost } from "../ledger/ledger.test-support.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { rememberPrincipal } from "../ledger/observation.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { reap } from "./reap.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";

const signal = new AbortController().signal;
const object = { sourceName: "crm", object: "orders", operation: "upsert" } as const;

/** Whose a bulk job that the tenant lists as Open is, by how it came about; the last word is its id at the API. */
interface Case {
  readonly name: string;
  readonly make: (fleet: TestFleet) => Promise<string>;
  /** What a round of the reaper says of it an hour later. */
  readonly acted: { readonly decision: string; readonly why: string } | undefined;
}

/** A claimed bulk job with one part; answers its id in the ledger and its load's. */
async function claimed(fleet: TestFleet): Promise<{ bulkJobId: string; loadId: string }> {
  const loadId = await fleet.load();
  await runLoad(fleet.context, loadId, signal);
  const event = await fleet.event((e) => e.type === "bulk-job.claimed");
  return { bulkJobId: "bulkJobId" in event ? event.bulkJobId : "", loadId };
}

async function createAs(
  { tenant, context }: TestFleet,
  by: string,
  ageMs: number,
): Promise<string> {
  tenant.createdBy = by;
  tenant.createdAt = (await ledgerNow(context.ledger)) - ageMs;
  tenant.oneBulkJobPerObject = false;
  return (await tenant.ingestion.createBulkJob(object, { signal })).id;
}

/** A bulk job whose upload has no answer yet. */
async function uploading(fleet: TestFleet): Promise<{ bulkJobId: string; loadId: string }> {
  fleet.tenant.createdAt = await ledgerNow(fleet.context.ledger);
  const ids = await claimed(fleet);
  fleet.tenant.failNext("upload", "ERR_API_UNKNOWN_OUTCOME");
  await runBulkJob(fleet.context, ids.bulkJobId, signal);
  return ids;
}

const hour = 3_600_000;

const cases: readonly Case[] = [
  {
    name: "one of ours that goes on is left alone",
    acted: undefined,
    async make(fleet) {
      const { bulkJobId } = await uploading(fleet);
      return (await bulkJobOf(fleet.context.ledger, bulkJobId)).remoteId ?? "";
    },
  },
  {
    name: "one that has ended in the ledger and lives on at the API is aborted",
    acted: { decision: "abort", why: "lost" },
    async make(fleet) {
      const { bulkJobId } = await uploading(fleet);
      const record = await bulkJobOf(fleet.context.ledger, bulkJobId);
      await endBulkJob(fleet.context.ledger, record, lost);
      return record.remoteId ?? "";
    },
  },
  {
    name: "one of a create call that may still be adopted is left alone",
    acted: undefined,
    async make(fleet) {
      const { bulkJobId } = await claimed(fleet);
      fleet.tenant.failNext("create", "ERR_API_UNKNOWN_OUTCOME");
      fleet.tenant.failNext("list", "ERR_API_UNREACHABLE");
      await runBulkJob(fleet.context, bulkJobId, signal);
      return await createAs(fleet, "us", 0);
    },
  },
  {
    name: "one of a create call that was given up is aborted",
    acted: { decision: "abort", why: "lost" },
    async make(fleet) {
      const { bulkJobId } = await claimed(fleet);
      for (let attempt = 1; attempt <= 3; attempt++)
        fleet.tenant.failNext("create", "ERR_API_UNKNOWN_OUTCOME");
      await runBulkJob(fleet.context, bulkJobId, signal);
      return await createAs(fleet, "us", 0);
    },
  },
  {
    name: "one of our user that no call of ours has made is told while it is young",
    acted: { decision: "report", why: "unclaimed" },
    make: (fleet) => createAs(fleet, "us", -hour),
  },
  {
    name: "one of our user that no call of ours has made is aborted once it is not",
    acted: { decision: "abort", why: "lost" },
    make: (fleet) => createAs(fleet, "us", 0),
  },
  {
    name: "one of another user is told",
    acted: { decision: "report", why: "foreign" },
    make: (fleet) => createAs(fleet, "them", 0),
  },
  {
    name: "one of our user is told as foreign while nobody knows who we are",
    acted: { decision: "report", why: "foreign" },
    async make(fleet) {
      const id = await createAs(fleet, "us", 0);
      await fleet.door.redis.del(`${fleet.context.ledger.base}principal`);
      return id;
    },
  },
];

describe("of the bulk jobs that the tenant lists,", () => {
  it.each(cases)("$name", async ({ name, make, acted }) => {
    const fleet = fleetOfTest({ settings: { createGraceMs: milliseconds(0) } });
    const { context, tenant, events } = fleet;
    await rememberPrincipal(context.ledger, "us");
    await reap({ ...context, ports: { ...context.ports, emit: () => undefined } }, signal);
    const remoteId = await make(fleet);
    const began = events.length;
    const inAnHour = after(await ledgerNow(context.ledger), seconds(3600));
    const ledger = { ...context.ledger, clock: () => inAnHour };
    const report = await reap({ ...context, ledger }, signal);

    const about = events.slice(began).filter((e) => "remoteId" in e && e.remoteId === remoteId);
    expect(about).toMatchObject(acted === undefined ? [] : [{ type: "reaper.acted", ...acted }]);
    const isAborted = acted?.decision === "abort";
    expect(tenant.bulkJobs.get(remoteId)?.state).toBe(isAborted ? "Aborted" : "Open");
    expect(report.unclaimed).toBe(name.includes("no call of ours") ? 1 : 0);
  });

  it("one that cannot be aborted any more keeps nobody from the others", async () => {
    const fleet = fleetOfTest();
    await rememberPrincipal(fleet.context.ledger, "us");
    const first = await createAs(fleet, "us", 3 * hour);
    const second = await createAs(fleet, "us", 3 * hour);
    fleet.tenant.failNext("abort", "ERR_API_CONFLICT");
    await reap(fleet.context, signal);
    const states = [first, second].map((id) => fleet.tenant.bulkJobs.get(id)?.state);
    expect(states).toEqual(["Open", "Aborted"]);
  });

  it("one that the API cannot abort just now keeps nobody from the others, and is told", async () => {
    const fleet = fleetOfTest();
    await rememberPrincipal(fleet.context.ledger, "us");
    const first = await createAs(fleet, "us", 3 * hour);
    const second = await createAs(fleet, "us", 3 * hour);
    fleet.tenant.failNext("abort", "ERR_API_UNKNOWN_OUTCOME");
    expect(await reap(fleet.context, signal)).toMatchObject({ seen: 2, aborted: 1 });
    const states = [first, second].map((id) => fleet.tenant.bulkJobs.get(id)?.state);
    expect(states).toEqual(["Open", "Aborted"]);
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: "reaper.failed", remoteId: first }),
    );
  });
});

it("gives back every part of a bulk job of ours that nears its end at the API", async () => {
  const fleet = fleetOfTest();
  const { context, tenant } = fleet;
  const { bulkJobId, loadId } = await uploading(fleet);
  const old = after(await ledgerNow(context.ledger), seconds(6.5 * 24 * 3600));
  const ledger = { ...context.ledger, clock: () => old };
  await reap({ ...context, ledger }, signal);
  let outcome = await runBulkJob(context, bulkJobId, signal);
  expect(outcome).toMatchObject({ kind: "done", result: { end: "aborted" } });
  expect(await loadOf(context.ledger, loadId)).toMatchObject({ restarts: 1, claimedParts: 1 });

  const next = await fleet.event((e) => e.type === "bulk-job.claimed" && e.bulkJobId !== bulkJobId);
  outcome = await runBulkJob(context, "bulkJobId" in next ? next.bulkJobId : "", signal);
  while (outcome.kind === "snooze")
    outcome = await runBulkJob(context, "bulkJobId" in next ? next.bulkJobId : "", signal);
  expect(await loadOf(context.ledger, loadId)).toMatchObject({ state: "complete" });
  expect([...tenant.bulkJobs.values()].map(({ state }) => state)).toEqual([
    "Aborted",
    "JobComplete",
  ]);
});
