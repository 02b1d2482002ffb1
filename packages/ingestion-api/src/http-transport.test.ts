import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { type HttpCall, maxAnswerBytes } from "./http-transport.ts";
import { certificate, certificateKey } from "./loopback-certificate.test-support.ts";
import { bodyOf, listen, serve, testTransport } from "./test-tenant.test-support.ts";
import type { UploadBody } from "./upload-body.ts";

const soon = milliseconds(50);

function get(origin: string, changes: Partial<HttpCall> = {}): HttpCall {
  return { method: "GET", origin, path: "/", headers: {}, ...changes };
}

function put(origin: string, body: UploadBody, changes: Partial<HttpCall> = {}): HttpCall {
  return { method: "PUT", origin, path: "/", headers: {}, body, ...changes };
}

describe("an answer", () => {
  it("gives status, text, date and the wait asked for", async () => {
    const origin = await serve((_, response) => {
      response.writeHead(429, { date: "Fri, 17 Jul 2026 10:00:00 GMT", "retry-after": "7" });
      response.end("slow down");
    });
    expect(await testTransport().send(get(origin))).toEqual({
      kind: "answer",
      status: 429,
      text: "slow down",
      date: Date.UTC(2026, 6, 17, 10),
      retryAfterMs: 7000,
      bodySent: true,
    });
  });

  it("that redirects is given as it is, and the other place is not called", async () => {
    let elsewhere = 0;
    const other = await serve((_, response) => {
      elsewhere += 1;
      response.end();
    });
    const origin = await serve((request, response) => {
      request.resume();
      response.writeHead(307, { location: other }).end();
    });
    const transport = testTransport();
    const results = [
      await transport.send(get(origin)),
      await transport.send(put(origin, bodyOf(["a,b\n1,2\n"]))),
    ];
    expect(results).toMatchObject([{ status: 307 }, { status: 307 }]);
    expect(elsewhere).toBe(0);
  });

  it("over 1 MiB keeps its status and loses its text", async () => {
    const origin = await serve((_, response) => {
      response.end(Buffer.alloc(maxAnswerBytes + 1, "x"));
    });
    expect(await testTransport().send(get(origin))).toMatchObject({
      status: 200,
      text: undefined,
      textFault: "too-large",
    });
  });

  it("of 1 MiB is read", async () => {
    const origin = await serve((_, response) => response.end(Buffer.alloc(maxAnswerBytes, "x")));
    const result = await testTransport().send(get(origin));
    expect(result.kind === "answer" && result.text?.length).toBe(maxAnswerBytes);
  });

  it("that is cut keeps its status and loses its text", async () => {
    const origin = await serve((_, response) => {
      response.writeHead(409, { "content-length": "100" });
      response.write("half", () => response.destroy());
    });
    expect(await testTransport().send(get(origin))).toMatchObject({
      status: 409,
      text: undefined,
      textFault: "cut",
    });
  });
});

describe("a call that reaches nobody", () => {
  it.each([
    ["whose port is closed", async () => closedPort()],
    ["whose host is unknown", async () => "https://headgate.invalid"],
    ["whose certificate is not trusted", async () => tlsServer()],
    [
      "that meets plain HTTP under https",
      async () => (await serve(() => {})).replace("http", "https"),
    ],
    [
      "whose TLS is reset",
      async () => `https://${await listen(createTcpServer((socket) => socket.resetAndDestroy()))}`,
    ],
    ["whose TLS never comes about", async () => `https://${await listen(createTcpServer())}`],
  ])("%s is reported as not sent", async (_, start) => {
    const transport = testTransport({ limits: { connectMs: milliseconds(500) } });
    expect(await transport.send(get(await start()))).toMatchObject({ kind: "not-sent" });
  });

  it("never opens its body", async () => {
    const body = bodyOf(["a"]);
    expect(await testTransport().send(put(await closedPort(), body))).toMatchObject({
      kind: "not-sent",
    });
    expect(body.opened()).toBe(0);
  });

  it("gets through to the same server with its certificate authority", async () => {
    const transport = testTransport({ ca: certificate });
    expect(await transport.send(get(await tlsServer()))).toMatchObject({ status: 200 });
  });
});

describe("a call without an answer", () => {
  it.each([
    [
      "the connection is reset",
      (origin: string) => testTransport().send(get(`${origin}`, { path: "/reset" })),
    ],
    [
      "the connection is closed",
      (origin: string) => testTransport().send(get(origin, { path: "/close" })),
    ],
    [
      "the answer is late",
      (origin: string) =>
        testTransport({ limits: { answerMs: soon } }).send(get(origin, { path: "/hang" })),
    ],
    [
      "the deadline passes",
      (origin: string) =>
        testTransport({ limits: { callMs: soon } }).send(get(origin, { path: "/hang" })),
    ],
  ])("is told apart where %s", async (_, call) => {
    const origin = await serve((request) => {
      if (request.url === "/reset") request.socket.resetAndDestroy();
      if (request.url === "/close") request.socket.end();
    });
    expect(await call(origin)).toMatchObject({ kind: "no-answer" });
  });

  it("loses its text where the answer stalls after the status", async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
    });
    const transport = testTransport({ limits: { callMs: soon } });
    expect(await transport.send(get(origin))).toMatchObject({ status: 200, textFault: "cut" });
  });

  it("loses its text where the answer drips on past the call's deadline", async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const drip = setInterval(() => response.write("x"), 5);
      response.once("close", () => clearInterval(drip));
    });
    const transport = testTransport({ limits: { callMs: soon } });
    expect(await transport.send(get(origin))).toMatchObject({ status: 200, textFault: "cut" });
  });
});

describe("an aborted call", () => {
  it("fails with the signal's reason before it starts", async () => {
    const reason = new Error("stop");
    const call = get("http://127.0.0.1:9", { signal: AbortSignal.abort(reason) });
    await expect(testTransport().send(call)).rejects.toBe(reason);
  });

  it("fails with the signal's reason while it waits, and ends the connection", async () => {
    const reason = new Error("stop");
    const control = new AbortController();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const origin = await serve((request) => {
      request.socket.once("close", () => resolve());
      control.abort(reason);
    });
    await expect(testTransport().send(get(origin, { signal: control.signal }))).rejects.toBe(
      reason,
    );
    await closed;
  });
});

async function closedPort(): Promise<string> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return `http://127.0.0.1:${address.port}`;
}

async function tlsServer(): Promise<string> {
  const server = createTlsServer({ cert: certificate, key: certificateKey }, (_, response) => {
    response.end();
  });
  return `https://${await listen(server)}`;
}
