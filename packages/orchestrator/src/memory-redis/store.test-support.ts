/** The Redis of a test's ledgers: real in the project `redis` of vitest, in memory in `memory`. */
import { epochMs } from "@headgate/core";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { Keyspace } from "./keyspace.ts";
import { openMemoryRedis } from "./memory-redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What the ledgers of tests stand in. */
    store: "redis" | "memory";
  }
}

/** Opens a client; whoever asks disconnects it. In memory each has a keyspace of its own. */
export function openTestStore(): Redis {
  if (inject("store") === "redis")
    return new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
  return openMemoryRedis(new Keyspace({ clock: () => epochMs(Date.now()), random: () => 0 }));
}
