import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * They measure the process they run in, or leave requests in it whose body never came, and with those
 * the timers of their time limits.
 */
const alone = ["packages/*/src/**/*.memory.test.ts", "apps/api/src/**/*.test.ts"];

export default defineConfig({
  resolve: { conditions: ["@headgate/source"] },
  ssr: { resolve: { conditions: ["@headgate/source"] } },
  test: {
    globalSetup: ["test/setup/redis.ts"],
    setupFiles: ["test/setup/loopback-only.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many files wait more than they compute. vitest's default is one process less than cores.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // Files share a few processes: to import the AWS SDK and BullMQ anew takes longer than most tests.
    isolate: false,
    // Programs that tests start from source compile it once, not at each start.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(
        new URL("node_modules/.cache/node-compile", import.meta.url),
      ),
    },
    projects: [
      {
        extends: true,
        test: {
          name: "redis",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: alone,
          provide: { store: "redis" },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: alone, isolate: true },
      },
      {
        // The tests of all that works on ledgers, once more with these in memory. Their queues stay
        // real. Left out are those that take long for other reasons than Redis.
        extends: true,
        test: {
          name: "memory",
          include: ["packages/orchestrator/src/{ledger,schedules,steps}/*.test.ts"],
          exclude: ["**/{crashes,cron,outage,tick,unanswered-creates}.test.ts"],
          provide: { store: "memory" },
        },
      },
    ],
  },
});
