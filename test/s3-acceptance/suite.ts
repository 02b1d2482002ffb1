/**
 * The vitest run of the acceptance, started by `run.ts` as a process of its own: on Ctrl-C vitest
 * ends its process at once, and the servers must still be stopped then.
 */
import { join } from "node:path";
import { startVitest } from "vitest/node";

const { HEADGATE_S3_URL = "", HEADGATE_S3_KEY = "", HEADGATE_S3_SECRET = "" } = process.env;
const conditions = ["@headgate/source"];
const suite = await startVitest(
  "test",
  [],
  {
    config: false,
    root: join(import.meta.dirname, "../.."),
    include: ["test/s3-acceptance/*.acceptance.ts"],
    setupFiles: ["test/setup/loopback-only.ts"],
    provide: {
      s3Place: {
        endpoint: HEADGATE_S3_URL,
        region: "us-east-1",
        credentials: { accessKeyId: HEADGATE_S3_KEY, secretAccessKey: HEADGATE_S3_SECRET },
      },
    },
    testTimeout: 30_000,
    watch: false,
  },
  { resolve: { conditions }, ssr: { resolve: { conditions } } },
);
await suite.close();
