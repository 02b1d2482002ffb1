/** Whether a Redis may hold the ledger: what it evicts or forgets would be slots and customers' loads. */
import { BulkError } from "@headgate/core";
import type { Redis } from "ioredis";
import { guarded } from "./ledger/ledger.ts";

/**
 * Throws ERR_REDIS_UNSAFE where keys could be evicted (`maxmemory-policy` other than `noeviction`)
 * or where a restart would lose more than the last second (no append-only file), unless
 * `allowVolatile`; ERR_REDIS_AWAY where it cannot be asked.
 */
export async function checkRedis(
  redis: Redis,
  options: { readonly allowVolatile: boolean },
): Promise<void> {
  const info = await guarded(async () =>
    [await redis.info("memory"), await redis.info("persistence")].join("\n"),
  );
  if (options.allowVolatile) return;
  const policy = field(info, "maxmemory_policy");
  if (policy !== "noeviction")
    throw unsafe("maxmemory-policy", policy, "noeviction", "it could evict slots and loads");
  const appendOnly = field(info, "aof_enabled");
  if (appendOnly !== "1")
    throw unsafe(
      "appendonly",
      appendOnly === "0" ? "no" : appendOnly,
      "yes",
      "a restart would lose slots and loads",
    );
}

function field(info: string, name: string): string {
  const line = info.split(/\r?\n/).find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim() ?? "unknown";
}

function unsafe(setting: string, seen: string, allowed: string, why: string): BulkError {
  return new BulkError(
    "ERR_REDIS_UNSAFE",
    `Redis has ${setting} ${seen}, and headgate needs ${allowed}: ${why}. Change it, or allow a volatile Redis explicitly`,
    { fields: { setting, seen, allowed } },
  );
}
