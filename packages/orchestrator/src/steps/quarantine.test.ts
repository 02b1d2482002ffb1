import { deathsToQuarantine, milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { beginPlanning } from "../ledger/deaths.ts";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { noteAtWork, recentDeaths } from "../ledger/roster.ts";
import type { SourcePort } from "../ports.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";

const signal = new AbortController().signal;

/** So many workers begin to plan a load, and see no end of it. */
async function dieInPlanning(fleet: TestFleet, id: string, deaths: number): Promise<void> {
  for (let planStarts = 0; planStarts < deaths; planStarts++)
    expect(await beginPlanning(fleet.context.ledger, { id, planStarts })).toBe(true);
}

/** Runs a load, its worker cut off as soon as it reads: by a stop, which it lives to see. */
async function planAndStop(fleet: TestFleet, loadId: string): Promise<void> {
  const stop = new AbortController();
  const reason = new Error("the worker stops");
  const stopping: SourcePort = {
    ...fleet.context.ports.source,
    list() {
      stop.abort(reason);
      throw reason;
    },
  };
  const ports = { ...fleet.context.ports, source: stopping };
  await expect(runLoad({ ...fleet.context, ports }, loadId, stop.signal)).rejects.toThrow("stops");
}

describe("planning", () => {
  it("that killed three workers fails its load by name instead of a fourth", async () => {
    const fleet = fleetOfTest();
    const loadId = await fleet.load();
    await dieInPlanning(fleet, loadId, deathsToQuarantine);
    expect(await runLoad(fleet.context, loadId, signal)).toMatchObject({
      kind: "fail",
      code: "quarantined",
      message: `3 workers in a row have died while they planned load ${loadId}`,
    });
  });

  it("is not to blame while workers die that have nothing to do with it", async () => {
    const fleet = fleetOfTest();
    const { ledger } = fleet.context;
    const loadId = await fleet.load();
    await dieInPlanning(fleet, loadId, deathsToQuarantine);
    for (const worker of ["a", "b", "c", "d", "e", "f"])
      await noteAtWork(ledger, worker, milliseconds(-1));
    expect(await recentDeaths(ledger)).toBe(6);
    await runLoad(fleet.context, loadId, signal);
    expect(fleet.events.map(({ type }) => type)).toContain("load.planned");
  });

  it("is not counted as begun by a worker that has read what is no longer so", async () => {
    const fleet = fleetOfTest();
    const id = await fleet.load();
    await dieInPlanning(fleet, id, 1);
    expect(await beginPlanning(fleet.context.ledger, { id, planStarts: 0 })).toBe(false);
    expect(await loadOf(fleet.context.ledger, id)).toMatchObject({ planStarts: 1 });
  });

  it("that killed two goes on with the third", async () => {
    const fleet = fleetOfTest();
    const loadId = await fleet.load();
    await dieInPlanning(fleet, loadId, deathsToQuarantine - 1);
    await runLoad(fleet.context, loadId, signal);
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({ planStarts: 0 });
    expect(fleet.events.map(({ type }) => type)).toContain("load.planned");
  });

  it("that was stopped any number of times has killed nobody", async () => {
    const fleet = fleetOfTest();
    const loadId = await fleet.load();
    for (let stop = 0; stop < 2 * deathsToQuarantine; stop++) await planAndStop(fleet, loadId);
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
      state: "accepted",
      planStarts: 0,
    });
    await runLoad(fleet.context, loadId, signal);
    expect(fleet.events.map(({ type }) => type)).toContain("load.planned");
  });
});

describe("an upload", () => {
  /** Two loads in one bulk job; answers their ids and its. */
  async function claimedTogether(fleet: TestFleet) {
    const first = await fleet.load();
    const second = await fleet.load();
    await runLoad(fleet.context, second, signal);
    await runLoad(fleet.context, first, signal);
    const event = await fleet.event((e) => e.type === "bulk-job.claimed");
    return { first, second, bulkJobId: "bulkJobId" in event ? event.bulkJobId : "" };
  }

  /** Runs the bulk job until a worker dies in an upload: nothing is written after that. */
  async function die(fleet: TestFleet, bulkJobId: string): Promise<void> {
    fleet.tenant.hold("upload", async () => {
      throw new TypeError("died");
    });
    for (let runs = 0; runs < 3; runs++) {
      const outcome = await runBulkJob(fleet.context, bulkJobId, signal).catch(() => "died");
      if (outcome === "died") return;
    }
    throw new Error("nobody has died");
  }

  it.each([
    ["reput", 0],
    ["restart", 2],
  ] as const)("that killed three workers fails its load alone (%s)", async (mode, restarts) => {
    const fleet = fleetOfTest({ settings: { onUnknownUpload: mode } });
    const { first, second, bulkJobId } = await claimedTogether(fleet);
    let current = bulkJobId;
    for (let death = 0; death < deathsToQuarantine; death++) {
      await die(fleet, current);
      if (mode === "reput" || death === deathsToQuarantine - 1) continue;
      // Ends the bulk job and claims another.
      const known = fleet.events.length;
      await runBulkJob(fleet.context, current, signal);
      const next = fleet.events.slice(known).find(({ type }) => type === "bulk-job.claimed");
      current = next !== undefined && "bulkJobId" in next ? next.bulkJobId : "";
    }
    await runBulkJob(fleet.context, current, signal);
    const { ledger } = fleet.context;
    expect(await loadOf(ledger, first)).toMatchObject({
      state: "failed",
      reasonCode: "quarantined",
      reasonMessage: `3 workers in a row have died while they sent part 0 of load ${first}`,
    });
    expect(await loadOf(ledger, second)).toMatchObject({ state: "loading", restarts, deaths: 0 });
    expect([...fleet.tenant.bulkJobs.values()].at(-1)).toMatchObject({ state: "Aborted" });
  });

  it.each(["ERR_API_UNKNOWN_OUTCOME", "ERR_API_SERVER"] as const)(
    "whose worker lived to see %s begins to count anew",
    async (code) => {
      const fleet = fleetOfTest();
      const { first, bulkJobId } = await claimedTogether(fleet);
      await die(fleet, bulkJobId);
      await die(fleet, bulkJobId);
      fleet.tenant.hold("upload", async () => undefined);
      fleet.tenant.failNext("upload", code);
      await runBulkJob(fleet.context, bulkJobId, signal);
      await runBulkJob(fleet.context, bulkJobId, signal);
      expect(await loadOf(fleet.context.ledger, first)).toMatchObject({ deaths: 0 });
      await die(fleet, bulkJobId);
      expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ uploading: "1" });
      expect(await loadOf(fleet.context.ledger, first)).toMatchObject({ state: "loading" });
    },
  );

  it("of a load whose record was torn since is not waited for for ever", async () => {
    const fleet = fleetOfTest();
    const { first, bulkJobId } = await claimedTogether(fleet);
    await die(fleet, bulkJobId);
    const { redis, base } = fleet.context.ledger;
    await redis.hset(`${base}load:${first}`, "sequence", "torn");
    for (let runs = 0; runs < 2; runs++) await runBulkJob(fleet.context, bulkJobId, signal);
    expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ end: "aborted" });
  });
});
