/** The real Redis and the one in memory side by side: what one answers the other must answer. */
import { randomBytes } from "node:crypto";
import { epochMs } from "@headgate/core";
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import type { Call } from "./calls.test-support.ts";
import { Keyspace } from "./keyspace.ts";
import { openMemoryRedis } from "./memory-redis.ts";

export interface BothStores {
  readonly real: Redis;
  readonly memory: Redis;
}

export function openBothStores(): BothStores {
  const real = new Redis(inject("redisUrl"));
  onTestFinished(() => real.disconnect());
  const clock = () => epochMs(Date.now());
  return { real, memory: openMemoryRedis(new Keyspace({ clock, random: () => 0.5 })) };
}

/** A prefix for keys that the running test owns and that are deleted when it ends. */
export function keysOfTest({ real }: BothStores): string {
  const prefix = `test-${randomBytes(6).toString("hex")}:`;
  onTestFinished(async () => {
    const keys = await real.keys(`${prefix}*`);
    if (keys.length > 0) await real.del(...keys);
  });
  return prefix;
}

/** What a client answers to commands that it gets in one message; errors by their text. */
export async function answersTo(redis: Redis, calls: readonly Call[]): Promise<readonly unknown[]> {
  const pipeline = redis.pipeline();
  for (const [name, ...args] of calls) pipeline.call(name, ...args);
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => (error === null ? reply : `error: ${error.message}`));
}

/** All keys under a prefix: type, content and whether they expire. */
export async function dumpOf(redis: Redis, prefix: string): Promise<readonly unknown[]> {
  const keys = (await redis.keys(`${prefix}*`)).toSorted();
  return await Promise.all(
    keys.map(async (key) => {
      const type = await redis.type(key);
      return {
        key,
        type,
        expires: (await redis.ttl(key)) >= 0,
        content: await contentOf(redis, key, type),
      };
    }),
  );
}

async function contentOf(redis: Redis, key: string, type: string): Promise<unknown> {
  switch (type) {
    case "string":
      return await redis.get(key);
    case "hash":
      return await redis.hgetall(key);
    case "list":
      return await redis.lrange(key, 0, -1);
    case "set":
      return (await redis.smembers(key)).toSorted();
    case "zset":
      return await redis.zrange(key, "0", "-1", "WITHSCORES");
    default:
      throw new TypeError(`no content of a ${type}`);
  }
}
