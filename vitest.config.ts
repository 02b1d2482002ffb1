import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@headgate/source"] },
  ssr: { resolve: { conditions: ["@headgate/source"] } },
  test: {
    globalSetup: ["test/setup/redis.ts"],
    setupFiles: ["test/setup/loopback-only.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "redis",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
          provide: { store: "redis" },
        },
      },
      {
        // The ledger's tests once more, on the Redis in memory: what they find there it must keep.
        extends: true,
        test: {
          name: "memory",
          include: ["packages/orchestrator/src/ledger/*.test.ts"],
          provide: { store: "memory" },
        },
      },
    ],
  },
});
