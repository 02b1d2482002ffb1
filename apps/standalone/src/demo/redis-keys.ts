import { Redis } from "ioredis";

/** Where one demo's keys are. */
export interface RedisPlace {
  readonly url: string;
  /** Part of every key of the demo and of no other. */
  readonly prefix: string;
}

/** A connection that gives up at once where Redis is away, so that nothing waits at the end. */
export function connectRedis(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 2, retryStrategy: () => 200 });
  // Each failed call reports the outage by itself.
  redis.on("error", () => undefined);
  return redis;
}

/** Removes every key of the demo; its programs must have ended. */
export async function removeKeys({ url, prefix }: RedisPlace): Promise<void> {
  const redis = connectRedis(url);
  try {
    for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1000 }))
      if (keys.length > 0) await redis.unlink(keys);
  } finally {
    redis.disconnect();
  }
}
