/** Whether a Redis is new enough, and at a level without known holes in what headgate uses. */
import { type Check, fail, ok, warn } from "./check.ts";
import type { RedisInfo } from "./redis-info.ts";

/** BullMQ needs LPOS and ZRANGE by score in one; headgate needs XAUTOCLAIM: 6.2 has them all. */
const leastVersion = "6.2.0";

/**
 * First release of each line with the fixes of CVE-2025-49844 and CVE-2026-23631 (Lua scripts) and
 * CVE-2026-23479 (blocking commands), all three remote code execution by a user who may log in.
 * Source: release notes of Redis and Valkey up to May 2026. Lines not named had no fixed release.
 */
const patched = {
  Redis: ["6.2.20", "7.4.9", "8.2.6", "8.4.3", "8.6.3"],
  Valkey: ["8.0.8", "8.1.7", "9.0.4"],
} as const;

const name = { id: "redis.version", title: "Redis version" };

/** Judges `redis_version`, or `valkey_version` where there is one. */
export function versionCheck(info: RedisInfo): Check {
  const product = info.valkey_version === undefined ? "Redis" : "Valkey";
  const version = info.valkey_version ?? info.redis_version ?? "unknown";
  const seen = `${product} ${version}`;
  if (!/^\d+\.\d+\.\d+/.test(version) || isBefore(version, leastVersion))
    return fail(name, `${seen}; needed is ${leastVersion} or newer`, "upgrade Redis");
  if (isPatched(version, patched[product])) return ok(name, seen);
  return warn(
    name,
    `${seen} may have CVE-2025-49844, CVE-2026-23479 or CVE-2026-23631`,
    `upgrade to one of ${patched[product].join(", ")} or newer. Distributions mend older versions ` +
      "without a new number: if yours did, this needs nothing",
  );
}

function isPatched(version: string, fixed: readonly string[]): boolean {
  const sameLine = fixed.find((release) => lineOf(release) === lineOf(version));
  return !isBefore(version, sameLine ?? fixed.at(-1) ?? version);
}

function lineOf(version: string): string {
  return version.split(".", 2).join(".");
}

function isBefore(version: string, other: string): boolean {
  return version.localeCompare(other, "en", { numeric: true }) < 0;
}
