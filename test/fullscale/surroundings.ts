/** What one worker needs around it: Redis, the generated objects, an emulator of its own, a headgate.yaml. */
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { HeadgateConfigInput } from "@headgate/config";
import { startPrivateRedis } from "@headgate/standalone/redis";
import { startS3StandIn } from "@headgate/standalone/s3-stand-in";
import type { GeneratedCsv } from "./content.ts";
import { columns } from "./records.ts";

export interface Surroundings {
  readonly redisUrl: string;
  readonly emulatorUrl: string;
  /** URIs of the objects, in their order. */
  readonly uris: readonly string[];
  /** Environment that the worker is started with. */
  readonly environment: Readonly<Record<string, string>>;
}

export const prefix = "fullscale";
export const principal = "fullscale";
export const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;

const bucket = "exports";
const login = { consumerKey: "fullscale", user: "fullscale@example.com" };

/** Starts all of it. `cleanUps` takes what ends it, to be called last to first, also where this throws. */
export async function startSurroundings(options: {
  readonly objects: readonly GeneratedCsv[];
  readonly partBytes: number;
  readonly folder: string;
  readonly cleanUps: (() => Promise<unknown>)[];
}): Promise<Surroundings> {
  const { objects, partBytes, folder, cleanUps } = options;
  const redis = await startPrivateRedis();
  cleanUps.push(redis.close);
  const s3Keys = { accessKeyId: "fullscale", secretAccessKey: randomBytes(24).toString("hex") };
  const s3 = await startS3StandIn({
    folder: join(folder, "s3"),
    ...s3Keys,
    generated: objects.map(({ name: key, bytes, etag, generate }) => {
      return { bucket, key, bytes, etag, generate };
    }),
  });
  cleanUps.push(s3.close);
  const files = await writeFiles(folder);
  const emulatorUrl = await startEmulator({ ...files, partBytes, cleanUps });
  const config: HeadgateConfigInput = {
    redis: { url: redis.url, prefix },
    connections: {
      default: {
        loginUrl: emulatorUrl,
        allowLoopback: true,
        ...login,
        keyFile: files.privateKey,
        connectors: { [target.sourceName]: { schema: files.schema } },
        // As much shorter than the defaults as the processing time is.
        polling: { minMs: 500, maxMs: 2000 },
      },
    },
    sources: { s3: { endpoint: s3.url, region: "us-east-1", pathStyle: true, buckets: [bucket] } },
    clients: { [principal]: {} },
  };
  const configFile = join(folder, "headgate.yaml");
  await writeFile(configFile, JSON.stringify(config), { mode: 0o600 });
  return {
    redisUrl: redis.url,
    emulatorUrl,
    uris: objects.map(({ name }) => `s3://${bucket}/${name}`),
    environment: {
      HEADGATE_CONFIG: configFile,
      AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
    },
  };
}

interface Files {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly schema: string;
}

async function writeFiles(folder: string): Promise<Files> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const write = async (name: string, text: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return {
    privateKey: await write("private.pem", privateKey.export({ type: "pkcs8", format: "pem" })),
    publicKey: await write("public.pem", publicKey.export({ type: "spki", format: "pem" })),
    schema: await write("crm.yaml", schemaYaml()),
  };
}

function schemaYaml(): string {
  const fields = Object.entries(columns).map(([name, type]) =>
    type === "date-time"
      ? `        ${name}: { type: string, format: date-time }`
      : `        ${name}: { type: ${type} }`,
  );
  const lines = ["openapi: 3.0.3", "components:", "  schemas:", `    ${target.object}:`];
  return [...lines, "      type: object", "      properties:", ...fields, ""].join("\n");
}

/** The emulator as a process of its own, with the real limits; it counts and hashes bytes, no rows. */
async function startEmulator(
  options: Files & {
    readonly partBytes: number;
    readonly cleanUps: (() => Promise<unknown>)[];
  },
): Promise<string> {
  const program = new URL("../../apps/emulator/bin/headgate-emulator.mjs", import.meta.url);
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(program),
      ...["--json", "--port=0", "--processing-ms=1000"],
      `--consumer-key=${login.consumerKey}`,
      `--user=${login.user}`,
      `--public-key=${options.publicKey}`,
      `--schema=${target.sourceName}=${options.schema}`,
      ...["--set=csvJudge=off", "--set=keepKeys=false", `--set=maxPartBytes=${options.partBytes}`],
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env.PATH ?? "" } },
  );
  const ended = once(child, "close");
  options.cleanUps.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    ended.then(() => {
      throw new Error("the emulator has ended");
    }),
  ]);
  const { url } = JSON.parse(String(line[0])) as { readonly url: string };
  return url;
}
