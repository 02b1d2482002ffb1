/**
 * One Redis for the whole test run: the one HEADGATE_REDIS_URL names, else a private one. Tests
 * share it, so each uses key prefixes of its own and none flushes it.
 */

import { startPrivateRedis } from "@headgate/standalone/redis";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** redis:// URL of the test run's Redis. */
    redisUrl: string;
  }
}

/** Starts Redis before the first test file; the returned function ends it after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startPrivateRedis({ url: process.env.HEADGATE_REDIS_URL || undefined });
  project.provide("redisUrl", redis.url);
  return redis.close;
}
