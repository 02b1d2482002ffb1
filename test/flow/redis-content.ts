/** All that a key holds, whatever its type. */
import type { Redis } from "ioredis";

/** Undefined where the key is gone, such as one that has expired since it was listed. */
export async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case "string":
      return await redis.get(key);
    case "hash":
      return await redis.hgetall(key);
    case "list":
      return await redis.lrange(key, 0, -1);
    case "set":
      return await redis.smembers(key);
    case "zset":
      return await redis.zrange(key, "0", "-1", "WITHSCORES");
    case "stream":
      return await redis.xrange(key, "-", "+");
    case "none":
      return undefined;
    default:
      throw new TypeError(`${key} is a ${type}`);
  }
}
