/** An S3 server that misbehaves on purpose: each request is answered by the next entry of a script. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createS3Store, type S3Store, type S3StoreOptions } from "./s3-store.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface ScriptedS3 {
  readonly url: string;
  /** Method and path of each request, and its Range where there is one. */
  readonly requests: readonly string[];
  /** Connections made so far. */
  connections(): number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Starts the server for the running test; requests past the script's end get its last answer. */
export async function startScriptedS3(script: readonly Answer[]): Promise<ScriptedS3> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    requests.push([method, url, headers.range].filter((part) => part !== undefined).join(" "));
    script[Math.min(requests.length, script.length) - 1]?.(request, response);
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, requests, sockets, connections: () => connections };
}

/** A store on the server whose waits between tries take no time; closed after the test. */
export function storeOn(server: ScriptedS3, options: S3StoreOptions = {}): S3Store {
  const store = createS3Store({
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    requestTries: 1,
    wait: async () => {},
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}

/** Answers a ranged GET of `content` as S3 does; `change` may spoil headers or cut the body. */
export function serve(
  content: Buffer,
  change: {
    readonly headers?: Readonly<Record<string, string | undefined>>;
    /** Bytes of the range that are sent before `after`. */
    readonly send?: number;
    /** What happens after them: a clean end, a cut, or silence. */
    readonly after?: "end" | "cut" | "hang";
  } = {},
): Answer {
  return (request, response) => {
    const [, first = "0", last = "0"] =
      /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const body = content.subarray(Number(first), Number(last) + 1);
    const { send = body.byteLength, after = "end" } = change;
    const headers: Record<string, string | undefined> = {
      etag: '"pin"',
      "content-range": `bytes ${first}-${last}/${content.byteLength}`,
      "content-length": String(body.byteLength),
      ...change.headers,
    };
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(206);
    response.write(body.subarray(0, send), () => {
      if (after === "end") response.end(body.subarray(send, send));
      if (after === "cut") response.destroy();
    });
  };
}

/** Answers with a status and S3's XML for an error code. */
export function fail(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/xml", ...headers });
    response.end(`<Error><Code>${code}</Code><Message>text of the server</Message></Error>`);
  };
}
