/** Looks at Redis without changing it. */
import type { Secret, SlotLimits } from "@headgate/core";
import { connectProducer, ledgerBase, queuePrefix, whenReady } from "@headgate/orchestrator";
import type { Redis } from "ioredis";
import { type Check, fail, ok, warn } from "./check.ts";
import { clockCheck } from "./clock.ts";
import { quotaCheck } from "./quota-check.ts";
import { type RedisInfo, readInfo } from "./redis-info.ts";
import { evictionCheck, persistenceCheck } from "./redis-keeping.ts";
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
    return [
      ...known,
      evictionCheck(info, subject),
      persistenceCheck(info, { ...subject, appendfsync }),
      await rightsCheck(redis, exampleKeys(subject)),
      await writeCheck(redis, subject.prefix),
      await latencyCheck(redis),
      await redisClockCheck(redis, now),
      ...(await Promise.all(
        [...subject.connections].map(([connection, limits]) =>
          quotaCheck({ redis, connection, base: ledgerBase(subject.prefix, connection), limits }),
        ),
      )),
    ];
  } catch (error) {
    return [notReached(place, error)];
  } finally {
    redis.disconnect();
  }
}

/** Host and port, or path of a socket: never the password. */
function placeOf(url: Secret): string {
  const { protocol, host, pathname } = new URL(url.reveal());
  return protocol === "unix:" ? pathname : host;
}

function notReached(place: string, error: unknown): Check {
  const reason = reasonOf(error);
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
  ["LOADING", "the server still reads its data; try again when it has"],
]);

/** A code of the network, or the first word of Redis's reply: both are safe to show. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "no answer within 3 s";
  if ("code" in error && typeof error.code === "string") return error.code;
  const [word = ""] = error.message.split(" ", 1);
  return /^[A-Z]+$/.test(word) ? word : error.name;
}

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

/** SET … XX on a key that is not there needs all that a write needs, and writes nothing. */
async function writeCheck(redis: Redis, prefix: string): Promise<Check> {
  const name = { id: "redis.write", title: "Redis takes writes" };
  try {
    await redis.eval(
      "return redis.call('SET', KEYS[1], '', 'XX')",
      1,
      `${prefix}:doctor-writes-nothing`,
    );
    return ok(name, "yes");
  } catch (error) {
    return fail(
      name,
      `a write is refused: ${reasonOf(error)}`,
      "OOM: raise maxmemory. MISCONF: its disk is full. READONLY: it is a replica. NOPERM: see Redis rights",
    );
  }
}

const slowMs = 100;

async function latencyCheck(redis: Redis): Promise<Check> {
  const name = { id: "redis.latency", title: "Redis latency" };
  const times: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const start = performance.now();
    await redis.ping();
    times.push(performance.now() - start);
  }
  const median = times.sort((a, b) => a - b)[2] ?? 0;
  const seen = `${median.toFixed(1)} ms a round trip (median of 5)`;
  return median > slowMs
    ? warn(name, `${seen}; under ${slowMs} ms would be right`, "run Redis near API and workers")
    : ok(name, seen);
}

async function redisClockCheck(redis: Redis, now: () => number): Promise<Check> {
  const before = now();
  const [wholeSeconds, micros] = await redis.time();
  const ours = (before + now()) / 2;
  const theirs = Number(wholeSeconds) * 1000 + Number(micros) / 1000;
  const name = { id: "redis.clock", title: "Redis clock" };
  return clockCheck(name, { offsetMs: theirs - ours, whose: "Redis" });
}
