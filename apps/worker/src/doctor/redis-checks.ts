/** Looks at Redis without changing it. */
import type { Secret, SlotLimits } from "@headgate/core";
import { connectProducer, ledgerBase, queuePrefix, whenReady } from "@headgate/orchestrator";
import type { Redis } from "ioredis";
import { type Check, fail, ok } from "./check.ts";
import { quotaCheck } from "./quota-check.ts";
import { type RedisInfo, readInfo } from "./redis-info.ts";
import { evictionCheck, persistenceCheck } from "./redis-keeping.ts";
import {
  latencyCheck,
  notRedis,
  redisClockCheck,
  redisReason,
  writeCheck,
} from "./redis-probes.ts";
import { rightsCheck } from "./redis-rights.ts";
import { versionCheck } from "./redis-version.ts";

export interface RedisUnderTest {
  readonly url: Secret;
  readonly prefix: string;
  readonly allowVolatile: boolean;
  /** Limits of each connection whose ledger is in it. */
  readonly connections: ReadonlyMap<string, SlotLimits>;
}

const reachable = { id: "redis.reachable", title: "Redis answers" };

/** All that can be said of a Redis; where it does not answer, that alone. `now` is our clock. */
export async function redisChecks(
  subject: RedisUnderTest,
  now: () => number,
): Promise<readonly Check[]> {
  const redis = connectProducer(subject.url.reveal());
  const place = placeOf(subject.url);
  let lastError: unknown;
  redis.on("error", (error) => {
    lastError = error;
  });
  try {
    const isReady = await whenReady(redis);
    if (!isReady) return [notReached(place, lastError)];
    const info = await readInfo(redis);
    const role = roleCheck(info);
    const known = [ok(reachable, place), versionCheck(info), role];
    if (role.status === "fail") return known;
    const appendfsync = await readAppendfsync(redis);
    const rights = await rightsCheck(redis, exampleKeys(subject));
    return [
      ...known,
      evictionCheck(info, subject),
      persistenceCheck(info, { ...subject, appendfsync }),
      rights,
      await writeCheck(redis, subject.prefix),
      await latencyCheck(redis),
      await redisClockCheck(redis, now),
      ...(rights.status === "fail" ? [] : await quotaChecks(redis, subject)),
    ];
  } catch (error) {
    return [notReached(place, error)];
  } finally {
    redis.disconnect();
  }
}

async function quotaChecks(
  redis: Redis,
  { prefix, connections }: RedisUnderTest,
): Promise<readonly Check[]> {
  return await Promise.all(
    [...connections].map(([connection, limits]) =>
      quotaCheck({ redis, connection, base: ledgerBase(prefix, connection), limits }),
    ),
  );
}

/** Host and port, or path of a socket: never the password. */
function placeOf(url: Secret): string {
  const { protocol, host, pathname } = new URL(url.reveal());
  return protocol === "unix:" ? pathname : host;
}

function notReached(place: string, error: unknown): Check {
  const reason = redisReason(error);
  return fail(
    reachable,
    `${place} cannot be used: ${reason}`,
    adviceOf.get(reason) ?? "see that redis.url is right, and that the server runs and listens",
  );
}

const adviceOf: ReadonlyMap<string, string> = new Map([
  ["WRONGPASS", "user or password in redis.url are wrong"],
  ["NOAUTH", "the server wants a password: redis://:PASSWORD@host:port, best from a file"],
  ["NOPERM", "the user may not even run INFO; docs/operations.md has the ACL line"],
  ["ENOTFOUND", "the host name in redis.url is not known here"],
  ["ETIMEDOUT", "a firewall may lie between, or the host is down"],
  [notRedis, "see what listens there: redis.url must name a Redis, not such as an HTTP server"],
  ["LOADING", "the server still reads its data; try again when it has"],
]);

function exampleKeys({ prefix, connections }: RedisUnderTest): readonly string[] {
  const ledgers = [...connections.keys()].map((name) => `${ledgerBase(prefix, name)}loads`);
  return [...ledgers, `${queuePrefix(prefix)}:loads:id`, `${prefix}:requests`];
}

/** Managed servers may refuse CONFIG. */
async function readAppendfsync(redis: Redis): Promise<string | undefined> {
  const answer = await redis.config("GET", "appendfsync").catch(() => undefined);
  return Array.isArray(answer) && typeof answer[1] === "string" ? answer[1] : undefined;
}

function roleCheck(info: RedisInfo): Check {
  const name = { id: "redis.role", title: "Redis role" };
  if (info.cluster_enabled === "1")
    return fail(
      name,
      "the server is part of a Redis Cluster",
      "use one primary, with replicas or not",
    );
  if (info.role !== "master")
    return fail(name, `its role is ${info.role ?? "unknown"}`, "name the primary in redis.url");
  return ok(name, "primary");
}
