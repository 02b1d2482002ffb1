/**
 * Tries all that a configuration names, and says of each failure what to do. Nothing is changed: no
 * key is written, no bulk job created, no slot used.
 */
import type { LoadedConfig } from "@headgate/config";
import { s3OptionsOf, slotLimitsOf, tokenConnectionOf } from "../from-config.ts";
import { type Check, fail } from "./check.ts";
import { configChecks } from "./config-checks.ts";
import { connectionChecks } from "./connection-checks.ts";
import { folderChecks } from "./folder-checks.ts";
import { jwksChecks } from "./jwks-check.ts";
import { redisChecks } from "./redis-checks.ts";
import { s3Checks } from "./s3-checks.ts";
import { s3Places } from "./source-places.ts";

export interface DoctorOptions {
  /** Ends the checks; `runDoctor` then throws its reason. */
  readonly signal: AbortSignal;
  /** Told of each check as soon as it is known, in no particular order. */
  readonly onCheck?: (check: Check) => void;
  /** This machine's clock, ms since 1970. Tests hand in their own. */
  readonly now?: () => number;
}

/** What the doctor found. */
export interface DoctorReport {
  /** No check has failed; some may warn. */
  readonly ok: boolean;
  /** In a fixed order: configuration, Redis, folders, S3, each connection, JWT. */
  readonly checks: readonly Check[];
}

/** Longest time for one group of checks. */
const groupMs = 60_000;

/** Runs every check that applies, side by side. Throws only the signal's reason. */
export async function runDoctor(
  loaded: LoadedConfig,
  { signal, onCheck, now = Date.now }: DoctorOptions,
): Promise<DoctorReport> {
  const { config } = loaded;
  const limits = new Map(
    Object.entries(config.connections).map(([name, each]) => [name, slotLimitsOf(each)]),
  );
  const groups: readonly Group[] = [
    { id: "config", run: async () => configChecks(loaded, now()) },
    { id: "redis", run: () => redisChecks({ ...config.redis, connections: limits }, now) },
    { id: "folder", run: () => folderChecks(config) },
    {
      id: "s3",
      run: (ends) =>
        s3Checks({ s3: s3OptionsOf(config), places: s3Places(config) }, { signal: ends, now }),
    },
    ...[...limits].map(([name, each]) => ({
      id: `connection.${name}`,
      run: (ends: AbortSignal) =>
        connectionChecks(
          { name, limits: each, ...tokenConnectionOf(loaded, name) },
          { signal: ends, now },
        ),
    })),
    { id: "jwt", run: (ends) => jwksChecks(config.jwt, ends) },
  ];
  const done = await Promise.all(
    groups.map(async (group) => {
      const checks = await finished(group, signal);
      for (const check of checks) onCheck?.(check);
      return checks;
    }),
  );
  const checks = done.flat();
  return { ok: checks.every(({ status }) => status !== "fail"), checks };
}

interface Group {
  readonly id: string;
  run(signal: AbortSignal): Promise<readonly Check[]>;
}

/** A group that meets an error it does not know, or takes too long, has failed as a whole. */
async function finished({ id, run }: Group, signal: AbortSignal): Promise<readonly Check[]> {
  const limit = AbortSignal.timeout(groupMs);
  try {
    return await run(AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    const seen = limit.aborted
      ? `no answer within ${groupMs / 1000} s`
      : `an unexpected error: ${error instanceof Error ? error.message : String(error)}`;
    const advice = limit.aborted
      ? "a firewall may lie between: see that this machine may reach what the configuration names"
      : "report this as a defect of headgate, with the version";
    return [fail({ id, title: id }, seen, advice)];
  }
}
