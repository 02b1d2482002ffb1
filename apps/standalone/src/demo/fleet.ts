/**
 * Starts what a headgate needs on this machine: Redis, an S3 server, the emulator with the real
 * limits, the HTTP API and three workers. Emulator, API and workers are the shipped commands, each
 * in a process of its own; the S3 server runs in this one.
 */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freeLoopbackPort } from "../free-port.ts";
import { startPrivateRedis } from "../redis/private-redis.ts";
import { startS3StandIn } from "../s3-stand-in/server.ts";
import { type ChildProgram, startChild } from "./child-program.ts";
import { type Credentials, makeCredentials } from "./credentials.ts";
import { writeDemoConfig } from "./demo-config.ts";
import type { DemoError } from "./demo-error.ts";
import {
  type SchemaFile,
  type StartOptions,
  startApi,
  startEmulator,
  startWorkers,
} from "./programs.ts";
import { removeKeys } from "./redis-keys.ts";
import type { Watchdog } from "./watchdog.ts";

export interface S3Place {
  readonly url: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: Credentials["s3"];
}

export interface Fleet {
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly s3: S3Place;
  readonly emulatorUrl: string;
  readonly apiUrl: string;
  readonly credentials: Credentials;
  /** Environment of the CLI, with the place of the API and its key. */
  readonly cliEnvironment: Readonly<Record<string, string>>;
}

export interface FleetOptions {
  /** Of this demo, for its user only; holds everything that is written. */
  readonly folder: string;
  /** YAML of each connector by `sourceName`. */
  readonly schemas: ReadonlyMap<string, string>;
  readonly redisUrl: string | undefined;
  readonly childEnvironment: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  /** Takes what undoes each step; the caller runs them, last first, also when the start fails. */
  readonly cleanUps: (() => Promise<unknown>)[];
  readonly onUnexpectedEnd: (error: DemoError) => void;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

const bucket = "headgate-demo";
const region = "us-east-1";

/** Starts all of it and resolves when each part has said that it is ready. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { folder, cleanUps, signal, childEnvironment, report } = options;
  const credentials = await makeCredentials(folder);
  const schemaFiles = await writeSchemas(folder, options.schemas);

  const server = await startPrivateRedis({ url: options.redisUrl, report });
  cleanUps.push(server.close);
  const redis = { url: server.url, prefix: `demo-${randomBytes(6).toString("hex")}` };
  cleanUps.push(() => removeKeys(redis));
  const s3Server = await startS3StandIn({
    folder: join(folder, "s3"),
    ...credentials.s3,
    region,
  });
  cleanUps.push(s3Server.close);
  const s3: S3Place = { url: s3Server.url, region, bucket, credentials: credentials.s3 };

  const start = (program: StartOptions): ChildProgram => {
    signal.throwIfAborted();
    const { name, env = {} } = program;
    const child = startChild({
      ...program,
      env: { ...childEnvironment, ...env },
      logFile: join(folder, `${name}.log`),
      watchdog: options.watchdog,
      onUnexpectedEnd: options.onUnexpectedEnd,
    });
    cleanUps.push(child.stop);
    return child;
  };
  const emulatorUrl = await startEmulator({ start, credentials, schemaFiles, signal });
  const apiPort = await freeLoopbackPort();
  const configFile = await writeDemoConfig({
    folder,
    // A Redis of the user's own may be set up otherwise; the demo's loads may be lost with it.
    redis: { ...redis, allowVolatile: options.redisUrl !== undefined },
    s3,
    emulatorUrl,
    apiPort,
    credentials,
    schemaFiles,
  });
  const shared = { HEADGATE_CONFIG: configFile };
  const workerEnvironment = {
    ...shared,
    AWS_ACCESS_KEY_ID: credentials.s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.s3.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const [apiUrl] = await Promise.all([
    startApi({ start, port: apiPort, env: shared, signal }),
    startWorkers(start, workerEnvironment, signal),
  ]);
  const cliEnvironment = {
    ...childEnvironment,
    HEADGATE_API_URL: apiUrl,
    HEADGATE_API_KEY_FILE: credentials.apiKeyFile,
  };
  return { redis, s3, emulatorUrl, apiUrl, credentials, cliEnvironment };
}

async function writeSchemas(
  folder: string,
  schemas: ReadonlyMap<string, string>,
): Promise<readonly SchemaFile[]> {
  const files = [...schemas].map(async ([sourceName, yaml]) => {
    const path = join(folder, `${sourceName}.yaml`);
    await writeFile(path, yaml);
    return { sourceName, path };
  });
  return await Promise.all(files);
}
