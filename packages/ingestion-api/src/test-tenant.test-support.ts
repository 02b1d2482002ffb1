/** A tenant on loopback for this package's tests: real HTTP, with every answer in the test's hands. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { bytes as byteCount, epochMs, type Milliseconds } from "@headgate/core";
import { onTestFinished } from "vitest";
import type { TokenConnection } from "./connection.ts";
import {
  createHttpTransport,
  type HttpTransport,
  type HttpTransportOptions,
} from "./http-transport.ts";
import type { Timing } from "./timing.ts";
import type { UploadBody } from "./upload-body.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Serves on a free loopback port until the test ends; gives `127.0.0.1:port`. */
export async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return `127.0.0.1:${address.port}`;
}

/** Gives the origin of a plain HTTP server. */
export async function serve(handler: Handler): Promise<string> {
  return `http://${await listen(createServer(handler))}`;
}

/** A transport that is closed when the test ends. */
export function testTransport(options: HttpTransportOptions = {}): HttpTransport {
  const transport = createHttpTransport(options);
  onTestFinished(() => transport.close());
  return transport;
}

export interface TestTiming extends Timing {
  /** Moves the clock. */
  pass(span: Milliseconds): void;
  /** The waits asked for; none takes time. */
  readonly sleeps: readonly number[];
}

/** A clock that stands still, chance of one half, and waits that are over at once. */
export function testTiming(): TestTiming {
  let now = Date.now();
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => epochMs(now),
    random: () => 0.5,
    async sleep(span, signal) {
      sleeps.push(span);
      signal?.throwIfAborted();
    },
    pass(span) {
      now += span;
    },
  };
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface TestTenant {
  readonly origin: string;
  readonly connection: TokenConnection;
  readonly key: KeyObject;
  /** Requests whose body was read to its end, in order. */
  readonly logins: SeenRequest[];
  readonly exchanges: SeenRequest[];
  readonly ingests: SeenRequest[];
}

export interface TenantOptions {
  /** Answers a call of the Ingestion API; default 404. */
  readonly ingest?: (
    seen: SeenRequest,
    response: ServerResponse,
    request: IncomingMessage,
  ) => unknown;
  /** Answers a call before its body is read; true if it did. */
  readonly early?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Answers instead of the built-in login; `count` is 1 for the first. */
  readonly login?: (response: ServerResponse, count: number) => unknown;
  readonly exchange?: (response: ServerResponse, count: number) => unknown;
  /** Seconds; default 7191. */
  readonly expiresIn?: number;
}

const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

/**
 * Logs in whoever asks: tokens are `core-token-N` and `cloud-token-N`, counted from 1, each with a
 * long tail that no error may show.
 */
export async function startTenant(options: TenantOptions = {}): Promise<TestTenant> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-tenant-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const keyFile = join(folder, "key.pem");
  await writeFile(keyFile, key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });

  const logins: SeenRequest[] = [];
  const exchanges: SeenRequest[] = [];
  const ingests: SeenRequest[] = [];
  const origin = await serve(async (request, response) => {
    const { method = "", url = "", headers } = request;
    if (options.early?.(request, response) === true) return;
    const seen = { method, url, headers, body: await text(request) };
    if (url === "/services/oauth2/token") {
      logins.push(seen);
      if (options.login !== undefined) return options.login(response, logins.length);
      return json(response, 200, coreToken(origin, logins.length));
    }
    if (url === "/services/a360/token") {
      exchanges.push(seen);
      if (options.exchange !== undefined) return options.exchange(response, exchanges.length);
      return json(response, 200, cloudToken(origin, exchanges.length, options.expiresIn));
    }
    ingests.push(seen);
    if (options.ingest === undefined) return json(response, 404, { message: "no such thing" });
    return options.ingest(seen, response, request);
  });
  return {
    origin,
    key,
    logins,
    exchanges,
    ingests,
    connection: {
      loginUrl: origin,
      consumerKey: "consumer",
      user: "robot@example.test",
      keyFile,
      allowPlainHttpOnLoopback: true,
    },
  };
}

export function coreToken(origin: string, count: number) {
  return {
    access_token: `core-token-${count}-canary`,
    scope: "cdp_ingest_api api",
    instance_url: origin,
    id: `${origin}/id/00D/005`,
    token_type: "Bearer",
  };
}

/** As live orgs answer it: `instance_url` is a bare host. */
export function cloudToken(origin: string, count: number, expiresIn = 7191) {
  return {
    access_token: `cloud-token-${count}-canary`,
    instance_url: origin.replace("http://", ""),
    token_type: "Bearer",
    issued_token_type: "urn:ietf:params:oauth:token-type:jwt",
    expires_in: expiresIn,
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export const jobId = "0b5f2c9e-6c1d-4a77-9a35-2f4b7f0f9a11";

/** A bulk job as a live org answers it. */
export function wireJob(changes: Record<string, unknown> = {}) {
  return {
    object: "orders",
    id: jobId,
    operation: "upsert",
    sourceName: "shop",
    createdById: "005000000000001",
    createdDate: "2026-07-11T02:19:54.123456Z",
    systemModstamp: "",
    state: "Open",
    contentType: "CSV",
    apiVersion: "v1",
    contentUrl: `/api/v1/ingest/jobs/${jobId}/batches`,
    retries: 0,
    totalProcessingTime: 0,
    ...changes,
  };
}

/** A body of these chunks; `opened` counts how often it was opened. */
export function bodyOf(
  chunks: readonly string[],
  promised = Buffer.byteLength(chunks.join("")),
): UploadBody & { readonly opened: () => number } {
  let opened = 0;
  return {
    bytes: byteCount(promised),
    opened: () => opened,
    async *open() {
      opened += 1;
      for (const chunk of chunks) yield Buffer.from(chunk);
    },
  };
}
