import { BulkError } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { parseLoadRequest } from "../load-request.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { runLoad } from "./run-load.ts";

const orders = { sourceName: "crm", object: "orders", operation: "upsert" };
const signal = new AbortController().signal;

async function run({ context }: TestFleet, id: string) {
  return await runLoad(context, id, signal);
}

async function refusedLoad(fleet: TestFleet): Promise<string> {
  return (await fleet.door.accept({ source: { uri: "s3://bucket/none.csv" } })).load.id;
}

describe("a load that planning refuses", () => {
  it("fails its task with code and message, and says so once", async () => {
    const fleet = fleetOfTest();
    const id = await refusedLoad(fleet);
    const reason = { code: "source_none_matched", message: "the selection selects no object" };
    expect(await run(fleet, id)).toEqual({ kind: "fail", ...reason });
    expect(fleet.events).toEqual([{ type: "load.ended", loadId: id, state: "failed", ...reason }]);
    expect(await fleet.door.redis.scard(`${fleet.context.ledger.base}ended`)).toBe(0);
  });

  it("wakes the run of a schedule that waits for it", async () => {
    const { context, door } = fleetOfTest();
    const woken: string[] = [];
    const runChanged = async (runId: string): Promise<void> => void woken.push(runId);
    const { load } = await door.loads.accept(
      parseLoadRequest({ ...orders, source: { uri: "s3://bucket/none.csv" } }),
      { caller: { principal: "p", via: "schedule" }, run: "run1" },
    );
    const signals = { ...context.signals, runChanged };
    await runLoad({ ...context, signals }, load.id, signal);
    expect(woken).toEqual(["run1"]);
  });

  it("lets the loads behind it go on at once", async () => {
    const fleet = fleetOfTest();
    const refused = await refusedLoad(fleet);
    const next = await fleet.load();
    expect(await run(fleet, next)).toMatchObject({ kind: "snooze" });
    expect(await loadOf(fleet.context.ledger, next)).toMatchObject({ state: "waiting" });

    await run(fleet, refused);
    expect(await loadOf(fleet.context.ledger, next)).toMatchObject({ state: "loading" });
  });
});

describe("a load whose source cannot be read for now", () => {
  it("is planned again later, spends no attempt, and fails when it stays so", async () => {
    const fleet = fleetOfTest();
    const id = await fleet.load();
    const { source } = fleet.context.ports;
    const away = { ...fleet.context.ports, source: { ...source, readWhole: unreadable } };
    const context = { ...fleet.context, ports: away };
    for (let i = 1; i < 8; i++)
      expect(await runLoad(context, id, signal)).toMatchObject({
        kind: "snooze",
        reason: "planning met ERR_SOURCE_UNREADABLE",
      });
    expect(await runLoad(context, id, signal)).toMatchObject({
      kind: "fail",
      code: "source_unreadable",
    });
  });
});

it("ends the task of a load that is gone", async () => {
  expect(await run(fleetOfTest(), "default.none")).toEqual({
    kind: "cancel",
    reason: "the load is gone",
  });
});

function unreadable(): AsyncIterable<Uint8Array> {
  throw new BulkError("ERR_SOURCE_UNREADABLE", "the store is away");
}
