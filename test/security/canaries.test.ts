/**
 * Secrets and values of records in nothing that headgate says or keeps, on every way in which it can
 * fail: API, workers and CLI as processes that log all they can, on a Redis of their own.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { newApiKey } from "@headgate/config";
import { startPrivateRedis } from "@headgate/standalone/redis";
import { startS3StandIn } from "@headgate/standalone/s3-stand-in";
import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { contentOf } from "../flow/redis-content.ts";
import { type EchoingTenant, startEchoingTenant } from "./echoing-tenant.ts";
import { type Canaries, leaksIn, type Sinks } from "./leaks.ts";
import { type Program, startProgram } from "./program.ts";

const objects = ["create400", "create500", "upload400", "upload401", "uploadHtml", "orders"];
const schema = `openapi: 3.0.3
components:
  schemas:
${objects
  .map(
    (name) =>
      `    ${name}: { type: object, properties: { id: { type: string }, total: { type: number } } }\n`,
  )
  .join("")}`;

const chance = (): string => randomBytes(48).toString("base64url");
/** A value of a record, short enough for what quotes only long words away. */
const cell = `cell-${randomBytes(6).toString("hex")}`;
const aws = { accessKeyId: `AKIA${chance().slice(0, 16)}`, secretAccessKey: chance() };
const signature = chance();

/** Each a file that planning or the tenant must refuse, with the canary in its records. */
const files: Readonly<Record<string, string | Buffer>> = {
  "good.csv": `id,total\r\n${cell},1\r\n`,
  "unclosed.csv": `id,total\r\n"${cell},1\r\n`,
  "stray.csv": `id,total\r\n${cell}"x,1\r\n`,
  "fields.csv": `id,total\r\n${cell},1,${cell}\r\n`,
  "number.csv": `id,total\r\nk,${cell}\r\n`,
  "bare-cr.csv": `id,total\r\n${cell}\rx,1\r\n`,
  "not-utf8.csv": Buffer.concat([
    Buffer.from(`id,total\r\n${cell}`),
    Buffer.from([0xff, 0x2c, 0x31]),
  ]),
  "doubled.csv": `id,total\r\n${cell},1\r\n${cell},2\r\n`,
  "empty-key.csv": `id,total\r\n"",1\r\n${cell},2\r\n`,
  "not-gzip.csv.gz": `id,total\r\n${cell},1\r\n`,
  "headerless.csv": `${cell},1\r\n${cell}2,2\r\n`,
  "manifest.json": `{"entries": [{"url": 5}], "${cell}": `,
};

interface Stage {
  readonly folder: string;
  readonly redis: Redis;
  readonly tenant: EchoingTenant;
  readonly environment: Readonly<Record<string, string>>;
  readonly apiKey: string;
  readonly canaries: Canaries;
}

async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-canaries-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = await startPrivateRedis();
  onTestFinished(server.close);
  const redis = new Redis(server.url);
  onTestFinished(() => redis.disconnect());
  const s3 = await startS3StandIn({
    folder: join(folder, "s3"),
    ...aws,
    denied: (_bucket, key) => key?.startsWith("denied") ?? false,
  });
  onTestFinished(() => s3.close());
  await fillBucket(s3.url);
  const tokens = { core: `00Dxx!${chance()}`, dataCloud: `eyJ${chance()}.${chance()}` };
  const tenant = await startEchoingTenant(tokens);

  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const apiKey = newApiKey("canary");
  const [signingKey, boardPassword, consumerKey] = [chance(), chance(), `3MVG9${chance()}`];
  await mkdir(join(folder, "files"));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, "files", name), content);
  await writeFile(join(folder, "key.pem"), pem, { mode: 0o600 });
  await writeFile(join(folder, "board"), boardPassword, { mode: 0o600 });
  await writeFile(join(folder, "crm.yaml"), schema);
  const config = {
    redis: { url: server.url, signingKey },
    connections: {
      default: {
        ...{ loginUrl: tenant.origin, allowLoopback: true, consumerKey, user: "me@example.com" },
        keyFile: join(folder, "key.pem"),
        connectors: { crm: { schema: join(folder, "crm.yaml") } },
        polling: { minMs: 100, maxMs: 200 },
      },
    },
    preflight: { duplicates: true },
    sources: {
      s3: { endpoint: s3.url, region: "us-east-1" },
      filesRoot: join(folder, "files"),
      uploads: { folder: join(folder, "uploads"), maxBytes: 1000 },
    },
    clients: {
      canary: { keys: [{ hash: apiKey.hash }], scopes: ["enqueue", "read", "operate", "admin"] },
    },
    api: { port: 0, board: { user: "ops", passwordFile: join(folder, "board"), operate: true } },
    logLevel: "trace",
  };
  await writeFile(join(folder, "headgate.yaml"), JSON.stringify(config));
  return {
    ...{ folder, redis, tenant, apiKey: apiKey.key },
    environment: {
      HEADGATE_CONFIG: join(folder, "headgate.yaml"),
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
    },
    canaries: {
      ...{ "the cell": cell, "the API key": apiKey.key, "the signing key": signingKey },
      ...{ "the board's password": boardPassword, "the consumer key": consumerKey },
      "the AWS secret": aws.secretAccessKey,
      "the private key": pem.split("\n")[5] ?? "",
      "Redis's password": new URL(server.url).password,
      ...{ "the core token": tokens.core, "the token": tokens.dataCloud },
      "the signature of a URL": signature,
    },
  };
}

async function fillBucket(endpoint: string): Promise<void> {
  const client = new S3Client({
    ...{ endpoint, region: "us-east-1", forcePathStyle: true, credentials: aws },
  });
  await client.send(new CreateBucketCommand({ Bucket: "exports" }));
  for (const Key of ["denied.csv", "good.csv"])
    await client.send(
      new PutObjectCommand({ Bucket: "exports", Key, Body: files["good.csv"] ?? "" }),
    );
  client.destroy();
}

/** Everything that is in Redis, as text. */
async function dump(redis: Redis): Promise<string> {
  const lines: string[] = [];
  for (const key of await redis.keys("*")) {
    const value = await contentOf(redis, key);
    lines.push(key, JSON.stringify(value), ...texts(value));
  }
  return lines.join("\n");
}

/** The texts in a value as they are, for a text may be JSON in JSON. */
function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(texts);
}

it("are in no log, Redis value, answer, board or output, whatever fails", {
  timeout: 180_000,
}, async () => {
  const stage = await setStage();
  const { folder, redis, environment, apiKey, canaries, tenant } = stage;
  const worker = startProgram("apps/worker/src/main.ts", [], environment);
  const api = startProgram("apps/api/src/main.ts", [], environment);
  const [url] = await api.says(/http:\/\/127\.0\.0\.1:\d+/);
  await worker.says(/worker\.ready/);
  const answers: string[] = [];
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
    const answer = await fetch(`${url}${path}`, { headers, ...init });
    const text = await answer.text();
    answers.push(JSON.stringify([...answer.headers]), text);
    return text;
  };
  const bring = async (object: string, source: object): Promise<string> => {
    const request = { sourceName: "crm", object, operation: "upsert", source };
    const { id } = JSON.parse(
      await ask("/v1/loads", { method: "POST", body: JSON.stringify(request) }),
    );
    return id;
  };

  // What planning and the tenant refuse.
  const uriOf = (name: string): string => `file://${folder}/files/${name}`;
  const bad = Object.keys(files).filter((name) => name !== "good.csv" && name !== "manifest.json");
  const ids = await Promise.all([
    ...bad.map((name) => bring("orders", { uri: uriOf(name) })),
    bring("orders", { manifest: uriOf("manifest.json") }),
    bring("orders", { uri: "s3://exports/denied.csv" }),
    bring("orders", { uri: `file://${folder}/files/../../etc/passwd` }),
    ...["create400", "upload400"].map((object) => bring(object, { uri: uriOf("good.csv") })),
  ]);
  const accepted = ids.filter((id) => id !== undefined);
  expect(accepted).toHaveLength(bad.length + 4);
  for (const id of accepted) {
    await worker.says(new RegExp(`"loadId":"${id}","state":"failed"`));
    for (const path of ["", "/findings", "/parts"]) await ask(`/v1/loads/${id}${path}`);
    await ask(`/v1/loads/${id}/retry`, { method: "POST" });
  }
  // What goes on failing: the tenant refuses token or rights, or answers 500.
  for (const object of ["upload401", "uploadHtml", "create500"]) {
    const id = await bring(object, { uri: "s3://exports/good.csv" });
    await worker.says(
      new RegExp(`"object":"crm/${object}"[^\\n]*bulk-job.(call-failed|create-unknown)`),
    );
    await ask(`/v1/loads/${id}`);
  }
  // What the door refuses.
  await bring("orders", { uri: `https://b.s3.amazonaws.com/k?X-Amz-Signature=${signature}` });
  await ask("/v1/loads", { method: "POST", body: `{"sourceName": "${signature}` });
  await ask("/v1/loads", { headers: { authorization: `Bearer ${canaries["the token"]}` } });
  await ask("/v1/files", {
    method: "POST",
    body: cell.repeat(200),
    headers: { ...headers, "content-type": "text/csv" },
  });
  for (const path of ["/v1/loads", "/v1/quota", "/v1/bulk-jobs", "/v1/whoami", "/readyz"])
    await ask(path);
  const board = await boardAnswers(stage, url);

  // A crash in the middle, a worker that cannot log in, a Redis that lets nobody in, a wrong setting.
  await worker.kill("SIGKILL");
  tenant.refusesLogins = true;
  const refused = startProgram("apps/worker/src/main.ts", [], environment);
  expect(await refused.ended).toBe(1);
  const outside = startProgram("apps/api/src/main.ts", [], {
    ...environment,
    HEADGATE__REDIS__URL: `redis://:${canaries["the token"]}@${new URL(await urlOf(redis)).host}`,
    HEADGATE__API__PORT: "0",
  });
  const [outsideUrl] = await outside.says(/http:\/\/127\.0\.0\.1:\d+/);
  answers.push(await (await fetch(`${outsideUrl}/v1/loads`, { headers })).text());
  const wrong = startProgram("apps/worker/src/main.ts", [], {
    ...environment,
    HEADGATE__REDIS__SIGNING_KEY: signature.slice(0, 31),
  });
  expect(await wrong.ended).toBe(2);

  const cli = await cliOutput(stage, url, accepted);
  const programs: Readonly<Record<string, Program>> = { worker, api, refused, outside, wrong };
  const sinks: Sinks = {
    ...Object.fromEntries(
      Object.entries(programs).map(([name, program]) => [`the log of ${name}`, program.said()]),
    ),
    Redis: await dump(redis),
    ...{ answers: answers.join("\n"), board, "the command line": cli },
  };
  for (const [sink, text] of Object.entries(sinks)) expect(text.length, sink).toBeGreaterThan(50);
  const sent = { ...canaries, ...assertionsOf(tenant) };
  expect(leaksIn(sinks, sent)).toEqual([]);

  // The same search finds each of them in each place, were it there.
  for (const [sink, text] of Object.entries(sinks))
    for (const [name, secret] of Object.entries(sent))
      for (const spelled of [
        secret,
        Buffer.from(secret).toString("base64"),
        encodeURIComponent(secret),
      ])
        expect(leaksIn({ [sink]: text + spelled }, { [name]: secret })).not.toEqual([]);
  await redis.set("leak", JSON.stringify({ nested: JSON.stringify({ cell }) }));
  expect(leaksIn({ Redis: await dump(redis) }, canaries)).toEqual([
    "the cell in Redis as plain text",
  ]);
});

async function urlOf(redis: Redis): Promise<string> {
  return `redis://127.0.0.1:${redis.options.port}`;
}

/** The signed assertions that were really sent. */
function assertionsOf({ credentials }: EchoingTenant): Canaries {
  const assertions = credentials.filter((credential) => credential.startsWith("eyJ"));
  expect(assertions.length).toBeGreaterThan(0);
  return Object.fromEntries(
    assertions.slice(0, 3).map((assertion, i) => [`assertion ${i}`, assertion]),
  );
}

/** All that Bull Board shows of tasks of each state, and of each task. */
async function boardAnswers({ canaries }: Stage, url: string): Promise<string> {
  const login = { authorization: `Basic ${btoa(`ops:${canaries["the board's password"]}`)}` };
  const shown: string[] = [];
  const ask = async (path: string): Promise<string> => {
    const text = await (await fetch(`${url}/board${path}`, { headers: login })).text();
    shown.push(text);
    return text;
  };
  for (const queue of ["loads", "bulk-jobs", "runs", "errands", "upkeep"])
    for (const status of ["failed", "completed", "delayed", "active", "waiting"]) {
      const text = await ask(`/api/queues?activeQueue=${queue}&status=${status}&page=1`);
      for (const [, id] of text.matchAll(/"id":"([^"]+)"/g)) {
        await ask(`/api/queues/${queue}/${id}`);
        await ask(`/api/queues/${queue}/${id}/logs`);
      }
    }
  return shown.join("\n");
}

/** What commands say about these loads, with the right key and a wrong one. */
async function cliOutput(
  { environment, apiKey, folder }: Stage,
  url: string,
  loads: readonly string[],
): Promise<string> {
  const said: string[] = [];
  const run = async (args: readonly string[], key = apiKey): Promise<void> => {
    const program = startProgram("apps/cli/src/main.ts", args, {
      ...environment,
      ...{ HEADGATE_API_URL: url, HEADGATE_API_KEY: key, HEADGATE_RETRIES: "0" },
    });
    await program.ended;
    said.push(program.said());
  };
  const [first = "", second = ""] = loads;
  await Promise.all([
    run(["status", first, "--json"]),
    run(["findings", second]),
    run(["quota"], `${apiKey.slice(0, -1)}x`),
    run(["load", `${folder}/files/unclosed.csv`, "--to", "crm/orders", "--operation", "upsert"]),
    run(["config", "check"]),
    run(["doctor"]),
  ]);
  return said.join("\n");
}
