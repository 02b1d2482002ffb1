/** The vitest run of the examples, started by `run.ts`. */
import { join } from "node:path";
import { startVitest } from "vitest/node";

const conditions = ["@headgate/source"];
const suite = await startVitest(
  "test",
  [],
  {
    config: false,
    root: join(import.meta.dirname, "../.."),
    include: ["test/clients/*.acceptance.ts"],
    globalSetup: ["test/setup/redis.ts"],
    setupFiles: ["test/setup/loopback-only.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    watch: false,
  },
  { resolve: { conditions }, ssr: { resolve: { conditions } } },
);
await suite.close();
