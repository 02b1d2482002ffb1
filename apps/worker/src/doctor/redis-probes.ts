/** What is found out of a Redis by using it, without changing it. */
import type { Redis } from "ioredis";
import { type Check, fail, ok, warn } from "./check.ts";
import { clockCheck } from "./clock.ts";

/** SET … XX on a key that is not there needs all that a write needs, and writes nothing. */
export async function writeCheck(redis: Redis, prefix: string): Promise<Check> {
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
      `a write is refused: ${redisReason(error)}`,
      "OOM: raise maxmemory. MISCONF: its disk is full. READONLY: it is a replica. NOPERM: see Redis rights",
    );
  }
}

const slowMs = 100;

/** Median of five round trips. */
export async function latencyCheck(redis: Redis): Promise<Check> {
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

/** `now` is our clock. */
export async function redisClockCheck(redis: Redis, now: () => number): Promise<Check> {
  const before = now();
  const [wholeSeconds, micros] = await redis.time();
  const ours = (before + now()) / 2;
  const theirs = Number(wholeSeconds) * 1000 + Number(micros) / 1000;
  const name = { id: "redis.clock", title: "Redis clock" };
  return clockCheck(name, { offsetMs: theirs - ours, whose: "Redis" });
}

/** Where what answers, if anything does, is no Redis: it stays silent, or speaks another protocol. */
export const notRedis = "no answer that Redis would give";

/** A code of the network, or the first word of Redis's reply: both are safe to show. Else `notRedis`. */
export function redisReason(error: unknown): string {
  if (!(error instanceof Error)) return "no answer within 3 s";
  if ("code" in error && typeof error.code === "string") return error.code;
  const [word = ""] = error.message.split(" ", 1);
  return /^[A-Z]+$/.test(word) ? word : notRedis;
}
