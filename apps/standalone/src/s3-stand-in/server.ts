/**
 * A small S3 server for demo and tests: path-style, one key pair, objects as files in a folder.
 * It checks signatures, dates, lengths and checksums as Amazon S3 does, so that a client that is
 * wrong fails here too.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Uploads } from "./multipart.ts";
import { addGenerated, type GeneratedObject, openObjectFolder } from "./object-folder.ts";
import { route, type StandIn } from "./routes.ts";
import { failures, S3Failure } from "./s3-failure.ts";
import { parseRequest } from "./s3-request.ts";
import { checkSignature, type Signer } from "./signature.ts";
import { xmlDocument } from "./xml.ts";

export interface S3StandInOptions {
  /** Folder for buckets and objects; made if missing, kept on close. One server at a time may use it. */
  readonly folder: string;
  /** Port on 127.0.0.1; default: any free one. */
  readonly port?: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Region that requests must be signed for; default us-east-1. */
  readonly region?: string;
  /** Bucket policy: whether to refuse reading with 403. The key is "" for head and list of the bucket. */
  readonly denied?: (bucket: string, key: string) => boolean;
  /** Objects that are stored nowhere, beside those that are put; default none. */
  readonly generated?: readonly GeneratedObject[];
  /** The time, in milliseconds since 1970, that signatures are judged by; default: the machine's. */
  readonly now?: () => number;
}

export interface S3StandIn {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** Stops listening and cuts connections that are still open. */
  close(): Promise<void>;
}

/** Starts the server and resolves when it listens. */
export async function startS3StandIn(options: S3StandInOptions): Promise<S3StandIn> {
  const { folder, port = 0, accessKeyId, secretAccessKey, region = "us-east-1" } = options;
  const { denied = () => false, generated = [], now = Date.now } = options;
  const uploads: Uploads = new Map();
  const store = await openObjectFolder(folder);
  for (const object of generated) await addGenerated(store, object);
  const standIn = { store, uploads, denied };
  const signer = { accessKeyId, secretAccessKey, region };
  const server = createServer((message, response) => {
    void answer(standIn, { message, response, signer, nowMs: now() });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new TypeError("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Serves one request; whatever goes wrong ends here, as an XML answer or a cut connection. */
async function answer(
  standIn: StandIn,
  exchange: {
    readonly message: IncomingMessage;
    readonly response: ServerResponse;
    readonly signer: Signer;
    readonly nowMs: number;
  },
): Promise<void> {
  const { message, response, signer, nowMs } = exchange;
  const requestId = randomUUID();
  response.setHeader("x-amz-request-id", requestId);
  try {
    const request = parseRequest(message);
    checkSignature(request, signer, nowMs);
    await route(standIn, request, response);
  } catch (error) {
    // A body that was begun cannot be taken back: only a cut tells the client that it is not whole.
    if (response.headersSent || (message.destroyed && !message.complete)) {
      response.destroy();
      return;
    }
    sendFailure(message, response, { error, requestId });
  }
}

function sendFailure(
  message: IncomingMessage,
  response: ServerResponse,
  { error, requestId }: { readonly error: unknown; readonly requestId: string },
): void {
  const known = error instanceof S3Failure;
  const failure = known
    ? error
    : new S3Failure("InternalError", "We encountered an internal error.");
  const document = xmlDocument("Error", [
    ["Code", failure.code],
    ["Message", failure.message],
    ["RequestId", requestId],
  ]);
  // What is left of a refused body would be taken for the next request.
  if (!message.complete) response.setHeader("connection", "close");
  response.writeHead(failures[failure.code], {
    ...failure.headers,
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(document),
  });
  response.end(message.method === "HEAD" ? undefined : document);
}
