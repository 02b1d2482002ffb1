import { epochMs } from "@headgate/core";
import { describe, expect, it, vi } from "vitest";
import { cancelLoad } from "../ledger/cancel.ts";
import { holdObject } from "../ledger/gate.ts";
import { addLoad, loadOf } from "../ledger/ledger.test-support.ts";
import { fleetOfTest } from "../queue/fleet.test-support.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import { runLoad } from "./run-load.ts";
import { sweep } from "./sweep.ts";

const signal = new AbortController().signal;

describe("a sweep", () => {
  it("queues the task of a load that was recorded and no more", async () => {
    const fleet = fleetOfTest();
    const { door, context } = fleet;
    const id = await addLoad(context.ledger, { id: "a" });
    expect(await door.queues.loads.getWaitingCount()).toBe(0);
    await sweep(context, signal);
    expect(await door.queues.loads.getWaiting()).toMatchObject([{ id, name: "upsert crm/orders" }]);
    expect(await door.redis.scard(`${context.ledger.base}outbox`)).toBe(0);
  });

  it("queues the task of a load at the head of its line anew where someone has deleted it", async () => {
    const fleet = fleetOfTest();
    const { door, context } = fleet;
    const id = await fleet.load();
    await (await door.queues.loads.getJob(id))?.remove();
    await sweep(context, signal);
    expect(await door.queues.loads.getWaiting()).toMatchObject([{ id }]);
  });

  it("queues the task of a bulk job anew where someone has deleted it, and it goes on", async () => {
    const fleet = fleetOfTest();
    const { door, context } = fleet;
    const id = await fleet.load();
    await runLoad(context, id, signal);
    const claimed = await fleet.event((e) => e.type === "bulk-job.claimed");
    const bulkJobId = "bulkJobId" in claimed ? claimed.bulkJobId : "";
    await (await door.queues.bulkJobs.getJob(bulkJobId))?.remove();
    await sweep(context, signal);
    expect(await door.queues.bulkJobs.getWaiting()).toMatchObject([
      { id: bulkJobId, name: "upsert crm/orders, 1 part" },
    ]);

    await fleet.work();
    await fleet.event((e) => e.type === "load.ended" && e.loadId === id);
    expect(await loadOf(context.ledger, id)).toMatchObject({ state: "complete" });
  });

  it("wakes the task of a load whose end nobody has told it", async () => {
    const fleet = fleetOfTest();
    const { door, context } = fleet;
    await holdObject(context.ledger, "crm/orders", epochMs(Date.now() + 3_600_000));
    await fleet.work();
    const id = await fleet.load();
    await fleet.event((e) => e.type === "load.planned");
    const task = await door.queues.loads.getJob(id);
    await vi.waitFor(async () => expect(await task?.isDelayed()).toBe(true));
    await cancelLoad(context.ledger, id);

    await sweep(context, signal);
    const ended = await fleet.event((e) => e.type === "load.ended" && e.loadId === id);
    expect(ended).toMatchObject({ state: "cancelled" });
  });

  it("claims what waits", async () => {
    const fleet = fleetOfTest();
    const id = await addLoad(fleet.context.ledger, { id: "a", parts: 1 });
    await sweep(fleet.context, signal);
    expect(await loadOf(fleet.context.ledger, id)).toMatchObject({ state: "loading" });
  });
});

describe("claiming", () => {
  it("asks to be woken, and spends no slot, while the login is refused or the API away", async () => {
    const fleet = fleetOfTest();
    const { context, tenant, door } = fleet;
    await addLoad(context.ledger, { id: "a", parts: 1 });
    tenant.failNext("authenticate", "ERR_AUTH_REFUSED");
    await claimBulkJobs(context, signal);
    tenant.failNext("list", "ERR_API_UNREACHABLE");
    await claimBulkJobs(context, signal);

    expect(fleet.events).toMatchObject([
      { type: "tenant.unavailable", code: "ERR_AUTH_REFUSED" },
      { type: "tenant.unavailable", code: "ERR_API_UNREACHABLE" },
    ]);
    expect(await door.redis.exists(`${context.ledger.base}slots`)).toBe(0);
    const wakeUps = await door.queues.upkeep.getDelayed();
    expect(wakeUps.map((task) => task.name)).toContain("claim default");
  });

  it("does not ask the API anything while nothing waits", async () => {
    const fleet = fleetOfTest();
    await claimBulkJobs(fleet.context, signal);
    expect(fleet.tenant.calls).toEqual([]);
  });

  it("asks to be woken when the next slot returns", async () => {
    const fleet = fleetOfTest({ limits: { slots: 1 } });
    const { context, door } = fleet;
    await addLoad(context.ledger, { id: "a", object: "orders", parts: 1 });
    await addLoad(context.ledger, { id: "b", object: "customers", parts: 1 });
    await claimBulkJobs(context, signal);
    expect(fleet.events.at(-1)).toMatchObject({
      type: "claim.waits",
      reason: "window",
      object: "crm/customers",
    });
    expect(await door.queues.upkeep.getDelayed()).toHaveLength(1);
  });
});

it("shows upkeep in the board by names that people can read", async () => {
  const fleet = fleetOfTest();
  await fleet.work();
  const schedulers = await fleet.door.queues.upkeep.getJobSchedulers();
  const shown = schedulers.map(({ key, name, every }) => ({ key, name, every }));
  expect(shown).toHaveLength(2);
  expect(shown).toContainEqual({ key: "sweep-default", name: "sweep default", every: 30_000 });
  expect(shown).toContainEqual({ key: "reap-default", name: "reap default", every: 300_000 });
});
