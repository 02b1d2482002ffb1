/** Records torn by hand, with HSET and HDEL, as no version of headgate writes them. */
import { describe, expect, it } from "vitest";
import { addLoad, loadOf } from "../ledger/ledger.test-support.ts";
import { readLoad } from "../ledger/load-record.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import { runLoad } from "./run-load.ts";
import { sweep } from "./sweep.ts";

const signal = new AbortController().signal;

function keyOf({ context: { ledger } }: TestFleet, id: string): string {
  return `${ledger.base}load:${id}`;
}

async function tear(
  fleet: TestFleet,
  id: string,
  field = "request",
  value = '{"canary',
): Promise<void> {
  await fleet.door.redis.hset(keyOf(fleet, id), field, value);
}

const ended = (fleet: TestFleet, id: string) =>
  fleet.event((event) => event.type === "load.ended" && event.loadId === id);

describe("a load whose record cannot be read", () => {
  it.each([
    ["request", '{"canary'],
    ["request", '{"connection":"default","canary":1}'],
    ["state", "canary"],
    ["sequence", "canary"],
    ["acceptedAt", "canary"],
    ["parts", "canary"],
  ])(
    "fails by name with %s %j, and those of its line and beside it are loaded",
    async (field, value) => {
      const fleet = fleetOfTest();
      const torn = await fleet.load();
      await tear(fleet, torn, field, value);
      const behind = await fleet.load();
      const beside = await fleet.load("items");
      await fleet.work();
      expect(await ended(fleet, torn)).toEqual({
        type: "load.ended",
        loadId: torn,
        state: "failed",
        code: "record_unreadable",
        message: expect.stringContaining(`load ${torn} is not as headgate writes it: ${field}`),
      });
      for (const id of [behind, beside])
        expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
      expect(JSON.stringify(fleet.events)).not.toContain("canary");
    },
  );

  it("leaves line, outbox and the loads that have not ended, whatever it has lost", async () => {
    const fleet = fleetOfTest();
    const { door, context } = fleet;
    const id = await addLoad(context.ledger, { id: "a" });
    await door.redis.hdel(keyOf(fleet, id), "objectKey", "acceptedAt", "principal", "state");
    expect(await runLoad(context, id, signal)).toMatchObject({ code: "record_unreadable" });
    const { base } = context.ledger;
    expect(await door.redis.zrange(`${base}lines`, "0", "-1")).toEqual([]);
    expect(await door.redis.smembers(`${base}outbox`)).toEqual([]);
    expect(await door.redis.zrange(`${base}loads:state:accepted`, "0", "-1")).toEqual([]);
    expect(await door.redis.zrange(`${base}loads:state:failed`, "0", "-1")).toEqual([id]);
    expect(await door.redis.ttl(keyOf(fleet, id))).toBeGreaterThan(0);
  });

  it("is told once, and stays as it has ended", async () => {
    const fleet = fleetOfTest();
    const { context } = fleet;
    const id = await addLoad(context.ledger, { id: "a", parts: 1 });
    const whole = await fleet.door.redis.hget(keyOf(fleet, id), "request");
    await tear(fleet, id);
    await claimBulkJobs(context, signal);
    await claimBulkJobs(context, signal);
    expect(fleet.events.filter(({ type }) => type === "load.ended")).toEqual([]);
    await runLoad(context, id, signal);
    expect(fleet.events.filter(({ type }) => type === "load.ended")).toHaveLength(1);
    await fleet.door.redis.hset(keyOf(fleet, id), "request", whole ?? "");
    expect(await loadOf(context.ledger, id)).toMatchObject({
      state: "failed",
      reasonCode: "record_unreadable",
    });
  });

  it("gets a task from the sweep where it has none", async () => {
    const fleet = fleetOfTest();
    const { door, context } = fleet;
    const torn = await addLoad(context.ledger, { id: "torn" });
    await tear(fleet, torn);
    const other = await addLoad(context.ledger, { id: "other" });
    await sweep(context, signal);
    const tasks = await door.queues.loads.getWaiting();
    expect(tasks.map(({ id }) => id).toSorted()).toEqual([other, torn].toSorted());
  });

  it("costs a bulk job that holds its parts, and the load beside it there goes again", async () => {
    const fleet = fleetOfTest();
    const { context } = fleet;
    const [torn, other] = [await fleet.load(), await fleet.load()];
    fleet.tenant.failNext("authenticate", "ERR_AUTH_REFUSED");
    for (const id of [torn, other]) await runLoad(context, id, signal);
    expect(await fleet.event((event) => event.type === "bulk-job.claimed")).toMatchObject({
      loads: 2,
    });
    await tear(fleet, torn);
    await fleet.work();
    expect(await ended(fleet, torn)).toMatchObject({ code: "record_unreadable" });
    expect(await ended(fleet, other)).toMatchObject({ state: "complete" });
    expect(await loadOf(context.ledger, other)).toMatchObject({ restarts: 0 });
  });
});

describe("the door", () => {
  it("lists the other loads, and says of this one which field cannot be read", async () => {
    const fleet = fleetOfTest();
    const { door } = fleet;
    const [torn, other] = [await fleet.load(), await fleet.load()];
    await tear(fleet, torn);
    const { loads } = await door.loads.list({});
    expect(loads.map(({ id }) => id)).toEqual([other]);
    const fault = { code: "ERR_RECORD_UNREADABLE", fields: { loadId: torn, field: "request" } };
    await expect(door.loads.get(torn)).rejects.toMatchObject(fault);
    await expect(readLoad(fleet.context.ledger, torn)).rejects.toMatchObject(fault);
    await expect(
      door.loads.retry(torn, { caller: { principal: "p", via: "http" } }),
    ).rejects.toMatchObject(fault);
    expect(await door.loads.get(other)).toMatchObject({ id: other });
  });
});
