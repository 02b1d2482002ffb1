/** The headgate.yaml of one demo, which API and workers read. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HeadgateConfigInput } from "@headgate/config";
import type { Credentials } from "./credentials.ts";
import type { SchemaFile } from "./programs.ts";

export interface DemoConfigParts {
  readonly folder: string;
  readonly redis: {
    readonly url: string;
    readonly prefix: string;
    readonly allowVolatile: boolean;
  };
  readonly s3: { readonly url: string; readonly region: string; readonly bucket: string };
  readonly emulatorUrl: string;
  readonly apiPort: number;
  readonly credentials: Credentials;
  readonly schemaFiles: readonly SchemaFile[];
}

/** Writes it, as JSON, which is YAML too; gives its path. */
export async function writeDemoConfig(parts: DemoConfigParts): Promise<string> {
  const path = join(parts.folder, "headgate.yaml");
  await writeFile(path, `${JSON.stringify(demoConfig(parts), null, 2)}\n`, { mode: 0o600 });
  return path;
}

function demoConfig(parts: DemoConfigParts): HeadgateConfigInput {
  const { redis, s3, emulatorUrl, apiPort, credentials, schemaFiles } = parts;
  return {
    redis,
    connections: {
      default: {
        loginUrl: emulatorUrl,
        allowLoopback: true,
        consumerKey: credentials.consumerKey,
        user: credentials.user,
        keyFile: credentials.privateKeyFile,
        connectors: Object.fromEntries(
          schemaFiles.map(({ sourceName, path }) => [sourceName, { schema: path }]),
        ),
        // As much shorter than the defaults as the processing time is.
        polling: { minMs: 500, maxMs: 2000 },
      },
    },
    sources: {
      s3: { endpoint: s3.url, region: s3.region, pathStyle: true, buckets: [s3.bucket] },
    },
    clients: {
      demo: {
        keys: [{ hash: credentials.apiKeyHash }],
        scopes: ["enqueue", "read", "operate"],
        // It looks at all loads several times a second.
        limits: { requestsPerMinute: 100_000 },
      },
    },
    api: {
      port: apiPort,
      board: { user: credentials.boardUser, passwordFile: credentials.boardPasswordFile },
    },
  };
}
