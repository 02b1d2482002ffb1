/** vitest as Stryker runs it: few files, no Redis, and time for instrumented code. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const conditions = ["@headgate/source"];

export function mutationConfig(include: readonly string[]): ReturnType<typeof defineConfig> {
  return defineConfig({
    root: fileURLToPath(new URL("../..", import.meta.url)),
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      include: [...include],
      // They count bytes that an instrumented module holds too.
      exclude: ["**/*.memory.test.ts"],
      setupFiles: ["test/mutation/steady-properties.ts"],
      testTimeout: 60_000,
    },
  });
}
