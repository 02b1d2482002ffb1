/** Bulk jobs torn by hand, with HSET, LSET and DEL, as no version of headgate writes them. */
import { describe, expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { createRedisBulkJobs } from "../list-bulk-jobs.ts";
import { type VirtualFleet, virtualFleet } from "./virtual-fleet.test-support.ts";

const minute = 60_000;

/** A bulk job whose upload is due again in some seconds; its id and key, and its load. */
async function uploading(fleet: VirtualFleet) {
  const loadId = await fleet.load("orders");
  fleet.tenant.failNext("upload", "ERR_API_UNKNOWN_OUTCOME");
  await fleet.run(0);
  const event = fleet.events.find((e) => e.type === "bulk-job.opened");
  const id = event !== undefined && "bulkJobId" in event ? event.bulkJobId : "";
  return { loadId, id, key: `${fleet.context.ledger.base}bulk-job:${id}` };
}

type Redis = VirtualFleet["context"]["ledger"]["redis"];

const ways: readonly (readonly [
  string,
  string,
  (redis: Redis, key: string) => Promise<unknown>,
])[] = [
  ["a phase that there is none of", "phase", (redis, key) => redis.hset(key, "phase", "canary")],
  ["a count that is none", "files", (redis, key) => redis.hset(key, "files", "canary")],
  ["no revision", "revision", (redis, key) => redis.hdel(key, "revision")],
  ["no id at the API", "phase", (redis, key) => redis.hdel(key, "remoteId", "phase")],
  ["nothing left of it", "it is gone", (redis, key) => redis.del(key)],
  [
    "a part that is no JSON",
    "not JSON",
    async (redis, key) => {
      await redis.del(`${key}:parts`);
      await redis.rpush(`${key}:parts`, '{"canary');
    },
  ],
];

describe("a bulk job whose record has", () => {
  it.each(ways)("%s fails its loads by name, and stops nobody else", async (_, field, tear) => {
    const fleet = virtualFleet();
    const { context, tenant, events } = fleet;
    const { loadId, id, key } = await uploading(fleet);
    await context.ledger.redis.hset(`${context.ledger.base}observed`, "remote1", "Open");
    await tear(context.ledger.redis, key);
    const behind = await fleet.load("orders");
    const beside = await fleet.load("items");
    await fleet.run(20 * minute);

    expect(await loadOf(context.ledger, loadId)).toMatchObject({
      state: "failed",
      reasonCode: "record_unreadable",
      reasonMessage: expect.stringContaining(
        `bulk job ${id} is not as headgate writes it: ${field}`,
      ),
    });
    for (const other of [behind, beside])
      expect(await loadOf(context.ledger, other)).toMatchObject({ state: "complete" });
    expect(events.filter((e) => e.type === "record.unreadable")).toMatchObject([
      { what: "bulk job", id },
    ]);
    expect(tenant.bulkJobs.get("remote1")?.state).toBe("Aborted");
    expect(await context.ledger.redis.zcard(`${context.ledger.base}permits`)).toBe(0);
    expect(JSON.stringify(events)).not.toContain("canary");
  });

  it("a torn field keeps its permit until the API has answered the abort", async () => {
    const fleet = virtualFleet();
    const { context, tenant } = fleet;
    const { loadId, key } = await uploading(fleet);
    await context.ledger.redis.hset(key, "phase", "canary");
    for (let times = 1; times <= 3; times++) tenant.failNext("abort", "ERR_API_UNKNOWN_OUTCOME");
    await fleet.run(minute);
    expect(await context.ledger.redis.zcard(`${context.ledger.base}permits`)).toBe(1);
    await fleet.run(5 * minute);
    expect(await context.ledger.redis.zcard(`${context.ledger.base}permits`)).toBe(0);
    expect(await loadOf(context.ledger, loadId)).toMatchObject({ state: "failed" });
  });

  it("a torn field is left out of lists, and told to those who ask for it by its id", async () => {
    const fleet = virtualFleet();
    const { ledger } = fleet.context;
    const { id, key } = await uploading(fleet);
    await ledger.redis.hset(key, "phase", "canary");
    const bulkJobs = createRedisBulkJobs(new Map([["default", ledger]]));
    expect(await bulkJobs.list({})).toEqual({ bulkJobs: [] });
    await expect(bulkJobs.get(id)).rejects.toMatchObject({
      code: "ERR_RECORD_UNREADABLE",
      fields: { bulkJobId: id, field: "phase" },
    });
  });
});
