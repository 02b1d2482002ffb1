/** Whether a Redis keeps what it is given: slots and customers' loads are in it. */
import { type Check, fail, ok, warn } from "./check.ts";
import type { RedisInfo } from "./redis-info.ts";

export interface KeepingOptions {
  /** `redis.allowVolatile`: faults of keeping are warnings then. */
  readonly allowVolatile: boolean;
}

/** Judges eviction and memory. */
export function evictionCheck(info: RedisInfo, { allowVolatile }: KeepingOptions): Check {
  const name = { id: "redis.eviction", title: "Redis never evicts" };
  const policy = info.maxmemory_policy ?? "unknown";
  if (policy !== "noeviction") {
    const judge = allowVolatile ? warn : fail;
    return judge(
      name,
      `maxmemory-policy is ${policy}; needed is noeviction`,
      "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf: it could evict slots and loads",
    );
  }
  const [used, most] = [Number(info.used_memory), Number(info.maxmemory)];
  if (most > 0 && used > 0.8 * most)
    return warn(
      name,
      `noeviction, with ${mebibytes(used)} of maxmemory ${mebibytes(most)} used`,
      "raise maxmemory: when it is reached, Redis refuses writes and nothing is accepted any more",
    );
  return ok(name, `noeviction, ${mebibytes(used)} used`);
}

/** Judges the append-only file. `appendfsync` is undefined where the server does not tell it. */
export function persistenceCheck(
  info: RedisInfo,
  { allowVolatile, appendfsync }: KeepingOptions & { readonly appendfsync: string | undefined },
): Check {
  const name = { id: "redis.persistence", title: "Redis persistence" };
  if (info.aof_enabled !== "1") {
    const judge = allowVolatile ? warn : fail;
    return judge(
      name,
      "appendonly is no; needed is yes",
      "CONFIG SET appendonly yes, and the same in redis.conf: a restart would lose slots and loads",
    );
  }
  for (const last of ["aof_last_write_status", "aof_last_bgrewrite_status"])
    if (info[last] !== undefined && info[last] !== "ok")
      return fail(
        name,
        `appendonly is yes, but ${last} is ${info[last]}`,
        "see the server's log; most often its disk is full",
      );
  if (appendfsync === "no")
    return warn(
      name,
      "appendonly is yes, appendfsync is no: a crash may lose half a minute of slots and loads",
      "CONFIG SET appendfsync everysec (at most a second is lost) or always",
    );
  const lost = appendfsync === "always" ? "" : ": a crash may lose the last second";
  return ok(name, `appendonly is yes, appendfsync ${appendfsync ?? "is not told"}${lost}`);
}

function mebibytes(count: number): string {
  return `${(count / 2 ** 20).toFixed(1)} MiB`;
}
