/** A stand-in on a folder of its own, and SDK clients for it. */
import { mkdtemp, rm } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { onTestFinished } from "vitest";
import { type S3StandIn, type S3StandInOptions, startS3StandIn } from "./server.ts";

export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not-a-secret" };

export interface Running {
  readonly server: S3StandIn;
  readonly folder: string;
  /** Signs with the right key; the bucket `bucket` exists. */
  readonly client: S3Client;
}

/** Starts a stand-in for the running test. */
export async function start(options: Partial<S3StandInOptions> = {}): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-stand-in-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const server = await startS3StandIn({ folder, ...credentials, ...options });
  onTestFinished(() => server.close());
  const client = clientOf(server);
  await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
  return { server, folder, client };
}

/** An SDK client that tries once, for the running test. */
export function clientOf(server: S3StandIn, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    endpoint: server.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    // Tests break streams on purpose, which the SDK would otherwise report on the console.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** What is sent over the wire, after it was signed. */
export type SignedRequest = Parameters<S3Client["config"]["requestHandler"]["handle"]>[0];

/** A client whose requests are changed after signing, as somebody on the way would. */
export function tamperingClient(
  server: S3StandIn,
  change: (request: SignedRequest) => void,
): S3Client {
  const client = clientOf(server);
  const handler = client.config.requestHandler;
  const handle = handler.handle.bind(handler);
  handler.handle = (request, options) => {
    change(request);
    return handle(request, options);
  };
  return client;
}

/** Signs a request through `send` and opens it with node:http, so that a test can end it as it likes. */
export async function rawRequest(
  server: S3StandIn,
  send: (client: S3Client) => Promise<unknown>,
): Promise<ClientRequest> {
  let raw: ClientRequest | undefined;
  const client = tamperingClient(server, ({ method, path, query, headers }) => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {})) parameters.set(name, String(value));
    const url = `${server.url}${path}?${parameters}`;
    raw = request(url, { method, headers });
    throw new Error("signed, not sent");
  });
  await send(client).catch(() => {});
  if (raw === undefined) throw new TypeError("nothing was signed");
  return raw;
}
