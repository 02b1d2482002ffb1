/** Loads changed by whoever can write to Redis: with redis-cli, by Bull Board, by a script. */
import { describe, expect, it } from "vitest";
import type { HeadgateEvent } from "../events.ts";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { sealsOfTest } from "../seals/seals.test-support.ts";
import { runLoad } from "./run-load.ts";

const { signal } = new AbortController();
const caller = { principal: "test", via: "http" } as const;
const sealed = () => fleetOfTest({ seals: sealsOfTest });

const keyOf = ({ context: { ledger } }: TestFleet, id: string, list = ""): string =>
  `${ledger.base}load:${id}${list}`;

const ended = (fleet: TestFleet, id: string): Promise<HeadgateEvent> =>
  fleet.event((event) => event.type === "load.ended" && event.loadId === id);

/** Fails by name and is told, no slot was used for it, and one behind it is loaded. */
async function expectRefused(fleet: TestFleet, id: string): Promise<void> {
  const behind = await fleet.load();
  await fleet.work();
  expect(await ended(fleet, id)).toMatchObject({ state: "failed", code: "record_tampered" });
  expect(fleet.events).toContainEqual({
    type: "record.refused",
    connection: "default",
    what: "load",
    id,
    code: "record_tampered",
  });
  expect(await ended(fleet, behind)).toMatchObject({ state: "complete" });
  expect(fleet.tenant.calls.filter((call) => call === "create")).toHaveLength(1);
  expect(await fleet.door.loads.get(id)).toMatchObject({
    state: "failed",
    reason: { code: "record_tampered" },
  });
}

/** Plans a load without claiming for it, as where the tenant is away. */
async function planned(fleet: TestFleet): Promise<string> {
  const id = await fleet.load();
  const { context } = fleet;
  const ports = {
    ...context.ports,
    ingestion: {
      ...context.ports.ingestion,
      authenticate: () => Promise.reject(new Error("away")),
    },
  };
  await runLoad({ ...context, ports }, id, signal).catch(() => undefined);
  expect(await loadOf(context.ledger, id)).toMatchObject({ state: "waiting" });
  return id;
}

describe("with a signing key", () => {
  it("a load goes its way, and so does one that is brought again", async () => {
    const fleet = sealed();
    await fleet.work();
    expect(await ended(fleet, await fleet.load())).toMatchObject({ state: "complete" });
    const { load } = await fleet.door.accept({ source: { uri: "s3://bucket/none.csv" } });
    await ended(fleet, load.id);
    fleet.files.set("s3://bucket/none.csv", "id\n1\n");
    const again = await fleet.door.loads.retry(load.id, { caller });
    expect(await ended(fleet, again.load.id)).toMatchObject({ state: "complete" });
    expect(fleet.events.filter(({ type }) => type === "record.refused")).toEqual([]);
  });

  it.each([
    ["principal", "someone-else"],
    ["via", "stream"],
    ["run", "default.forged"],
    ["retryOf", "default.forged"],
    ["objectKey", "crm/items"],
    ["seal", ""],
    ["seal", "A".repeat(43)],
  ])("a load whose %s was set to %j is refused before a slot is spent", async (field, value) => {
    const fleet = sealed();
    const id = await fleet.load();
    await fleet.door.redis.hset(keyOf(fleet, id), field, value);
    await expectRefused(fleet, id);
  });

  it("a load that asks for another file is refused, and nothing is read for it", async () => {
    const fleet = sealed();
    const id = await fleet.load();
    const { request } = await loadOf(fleet.context.ledger, id);
    const forged = JSON.stringify({ ...request, source: { uri: "s3://vault/salaries.csv" } });
    await fleet.door.redis.hset(keyOf(fleet, id), "request", forged);
    await expectRefused(fleet, id);
  });

  it("a load that was made up is refused, also with the seal and all fields of a right one", async () => {
    const fleet = sealed();
    const { redis, queues } = fleet.door;
    const model = await fleet.load();
    const fields = await redis.hgetall(keyOf(fleet, model));
    const id = "default.forged";
    await redis.hset(keyOf(fleet, id), { ...fields, sequence: "0" });
    await redis.sadd(`${fleet.context.ledger.base}outbox`, id);
    await queues.loads.add("forged", { connection: "default", loadId: id }, { jobId: id });
    await fleet.work();
    expect(await ended(fleet, model)).toMatchObject({ state: "complete" });
    await fleet.event((e) => e.type === "record.refused" && e.what === "load" && e.id === id);
    expect(await ended(fleet, id)).toMatchObject({ code: "record_tampered" });
    expect(fleet.tenant.calls.filter((call) => call === "create")).toHaveLength(1);
  });

  it.each([
    ["header", "key\n"],
    ["parts", "2"],
    ["manifestSeal", ""],
  ])(
    "a planned load whose %s was set to %j is refused before a slot is spent",
    async (field, value) => {
      const fleet = sealed();
      const id = await planned(fleet);
      await fleet.door.redis.hset(keyOf(fleet, id), field, value);
      await expectRefused(fleet, id);
    },
  );

  it("a load that was set to planned by hand is refused", async () => {
    const fleet = sealed();
    const id = await fleet.load();
    await fleet.door.redis.hset(keyOf(fleet, id), { state: "waiting", parts: "1", nextPart: "0" });
    await expectRefused(fleet, id);
  });

  it("a planned load with another part is refused before a slot is spent", async () => {
    const fleet = sealed();
    const id = await planned(fleet);
    const { redis } = fleet.door;
    const list = keyOf(fleet, id, ":parts");
    const line = (await redis.lindex(list, 0)) ?? "";
    await redis.lset(list, 0, line.replace('"records":1', '"records":9'));
    await expectRefused(fleet, id);
  });

  it("a planned load with another file is refused before a byte of it is sent", async () => {
    const fleet = sealed();
    const id = await planned(fleet);
    const { redis } = fleet.door;
    const list = keyOf(fleet, id, ":sources");
    const line = (await redis.lindex(list, 0)) ?? "";
    await redis.lset(list, 0, line.replace("s3://bucket/", "s3://vaults/"));
    await fleet.work();
    expect(await ended(fleet, id)).toMatchObject({ state: "failed", code: "record_tampered" });
    expect(fleet.tenant.calls).not.toContain("upload");
    expect(fleet.events).toContainEqual(expect.objectContaining({ type: "record.refused", id }));
  });

  it("a bulk job that was led to another object gets no part", async () => {
    const fleet = sealed();
    const id = await planned(fleet);
    const { redis, base } = fleet.context.ledger;
    fleet.tenant.hold("create", async () => {
      const [bulkJob] = await redis.zrange(`${base}permits`, "0", "-1");
      await redis.hset(`${base}bulk-job:${bulkJob}`, "object", "salaries");
    });
    await fleet.work();
    expect(await ended(fleet, id)).toMatchObject({ state: "failed", code: "record_tampered" });
    expect(fleet.tenant.calls).not.toContain("upload");
  });

  it("an ended load that was changed is shown, but not brought again", async () => {
    const fleet = sealed();
    await fleet.work();
    const { load } = await fleet.door.accept({ source: { uri: "s3://bucket/none.csv" } });
    await ended(fleet, load.id);
    const { request } = await loadOf(fleet.context.ledger, load.id);
    const forged = JSON.stringify({ ...request, source: { uri: "s3://vault/salaries.csv" } });
    await fleet.door.redis.hset(keyOf(fleet, load.id), "request", forged);
    expect(await fleet.door.loads.get(load.id)).toMatchObject({ state: "failed" });
    await expect(fleet.door.loads.retry(load.id, { caller })).rejects.toMatchObject({
      code: "ERR_RECORD_TAMPERED",
      fields: { what: "load", id: load.id },
    });
  });
});
