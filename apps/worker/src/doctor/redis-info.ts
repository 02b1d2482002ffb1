/** What a Redis server tells of itself. */
import type { Redis } from "ioredis";

/** Fields of INFO by name; a field that the server does not tell is undefined. */
export type RedisInfo = Readonly<Record<string, string | undefined>>;

/** Reads the sections of INFO that the doctor needs. */
export async function readInfo(redis: Redis): Promise<RedisInfo> {
  const sections = ["server", "memory", "persistence", "replication", "cluster"];
  const texts = await Promise.all(sections.map((section) => redis.info(section)));
  return Object.fromEntries(
    texts
      .join("\n")
      .split(/\r?\n/)
      .filter((line) => line.includes(":") && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}
