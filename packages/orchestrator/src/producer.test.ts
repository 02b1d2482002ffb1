import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { expect, inject, it, onTestFinished } from "vitest";
import type { FeedEntry } from "./event-feed.ts";
import { parseLoadRequest } from "./load-request.ts";
import { createProducer, type Producer } from "./producer.ts";

const caller = { principal: "acme", via: "http" } as const;
const connection = "default";
const request = parseLoadRequest({
  sourceName: "crm",
  object: "orders",
  operation: "upsert",
  source: { uri: "s3://bucket/key.csv" },
});

async function producerOfTest(redisUrl = inject("redisUrl")): Promise<Producer> {
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const connections = [connection, "emea"];
  const producer = await createProducer({
    redisUrl,
    prefix,
    connections,
    emit: () => undefined,
  });
  onTestFinished(async () => {
    await producer.close();
    const redis = new Redis(inject("redisUrl"));
    const keys = await redis.keys(`*${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  });
  return producer;
}

it("opens a door to everything that a client can ask for", async () => {
  const { loads, bulkJobs, errands, schedules, queues } = await producerOfTest();
  const { load } = await loads.accept(request, { caller });
  expect((await loads.list({})).loads.map(({ id }) => id)).toEqual([load.id]);
  expect(await bulkJobs.list({})).toEqual({ bulkJobs: [] });
  const errand = await errands.ask({ kind: "observe", connection: "emea" }, caller);
  expect(await errands.get(errand.id)).toEqual(errand);
  expect(await schedules.list()).toEqual([]);
  expect(await queues.errands.getJob(errand.id)).toMatchObject({ name: "observe emea" });
});

it("feeds those who follow with what it emits, and lets them go when it closes", async () => {
  const producer = await producerOfTest();
  const { signal } = new AbortController();
  const follower = producer.feed.follow(await producer.feed.last(), { signal });
  const entries = follower[Symbol.asyncIterator]();
  const coming = entries.next();
  const { load } = await producer.loads.accept(request, { caller });
  expect((await coming).value as FeedEntry).toMatchObject({
    event: { type: "load.accepted", loadId: load.id },
    connection,
    principal: "acme",
  });
  const end = entries.next();
  await producer.close();
  expect(await end).toMatchObject({ done: true });
});

it("says of each door that Redis is away", async () => {
  const { loads, bulkJobs, errands, feed } = await producerOfTest("redis://127.0.0.1:1");
  const { signal } = new AbortController();
  const calls = [
    loads.accept(request, { caller, idempotencyKey: "k" }),
    loads.check(request, caller),
    loads.list({ states: ["failed"] }),
    bulkJobs.list({}),
    bulkJobs.get("a"),
    errands.ask({ kind: "reap", connection }, caller),
    errands.get("default.a"),
    feed.last(),
    feed.follow("0-0", { signal })[Symbol.asyncIterator]().next(),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "ERR_REDIS_AWAY" });
});
