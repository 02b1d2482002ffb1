/** What the door to loads says, and leaves, while Redis is full, or gone. */
import { once } from "node:events";
import { isBulkError } from "@headgate/core";
import {
  connectWorker,
  createProducer,
  type Loads,
  parseLoadRequest,
} from "@headgate/orchestrator";
import { startPrivateRedis } from "@headgate/standalone/redis";
import { Redis } from "ioredis";
import { expect, it, onTestFinished, vi } from "vitest";
import { orders } from "./csv.ts";

async function doorOnRedisOfItsOwn(): Promise<{
  url: string;
  loads: Loads;
  stop(): Promise<void>;
}> {
  const server = await startPrivateRedis();
  onTestFinished(server.close);
  const producer = await createProducer({
    redisUrl: server.url,
    connections: ["default"],
    emit: () => undefined,
  });
  onTestFinished(() => producer.close());
  return { url: server.url, loads: producer.loads, stop: server.close };
}

const request = parseLoadRequest({ ...orders, source: { uri: "s3://exports/a.csv" } });
const options = { caller: { principal: "test", via: "http" }, idempotencyKey: "k" } as const;

it("tells every caller by code that Redis is gone", async () => {
  const { loads, stop } = await doorOnRedisOfItsOwn();
  const { load } = await loads.accept(request, options);
  await stop();
  const calls: Readonly<Record<keyof Loads, () => Promise<unknown>>> = {
    accept: () => loads.accept(request, options),
    oneAtATime: () =>
      loads.oneAtATime(() => Promise.resolve(), { ...options, idempotencyKey: "batch" }),
    check: () => loads.check(request, options.caller),
    get: () => loads.get(load.id),
    retry: () => loads.retry(load.id, options),
    parts: () => loads.parts(load.id, {}),
    findings: () => loads.findings(load.id),
    list: () => loads.list({}),
    cancel: () => loads.cancel(load.id),
    quota: () => loads.quota(),
    ping: () => loads.ping(),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(isBulkError(error, "ERR_REDIS_AWAY"), name).toBe(true);
  }
});

it("takes nothing in while Redis is full, and the same request once it is not", async () => {
  const { url, loads } = await doorOnRedisOfItsOwn();
  const client = new Redis(url);
  onTestFinished(() => client.disconnect());
  const before = (await client.keys("*")).toSorted();
  await client.config("SET", "maxmemory", "1");
  await expect(loads.accept(request, options)).rejects.toMatchObject({ code: "ERR_REDIS_AWAY" });
  await client.config("SET", "maxmemory", "0");
  expect((await client.keys("*")).toSorted()).toEqual(before);
  expect((await loads.list({})).loads).toEqual([]);
  expect(await loads.accept(request, options)).toMatchObject({ replayed: false });
});

it("leaves a Redis that has become a replica, and goes on once one takes writes again", async () => {
  const { url, loads } = await doorOnRedisOfItsOwn();
  const operator = new Redis(url);
  onTestFinished(() => operator.disconnect());
  const worker = connectWorker(url);
  onTestFinished(() => worker.disconnect());
  await worker.set("k", "before");
  await operator.replicaof("127.0.0.1", 1);
  const again = once(worker, "ready");
  await expect(worker.set("k", "replica")).rejects.toThrow("READONLY");
  await again;
  await expect(loads.accept(request, options)).rejects.toMatchObject({ code: "ERR_REDIS_AWAY" });
  await operator.replicaof("NO", "ONE");
  expect(await worker.set("k", "after")).toBe("OK");
  await vi.waitFor(async () =>
    expect(await loads.accept(request, options)).toMatchObject({ replayed: false }),
  );
});
