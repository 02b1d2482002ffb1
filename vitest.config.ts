import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@headgate/source"] },
  ssr: { resolve: { conditions: ["@headgate/source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/setup/redis.ts"],
    setupFiles: ["test/setup/loopback-only.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
