import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { createTestApi, type TestApiOptions, testKey } from "./api.test-support.ts";
import { createApiLogger } from "./logger.ts";

const open: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

async function listen(options: TestApiOptions = {}) {
  const api = createTestApi(options);
  open.push(api.app);
  const closing = new Promise<void>((resolve) => {
    api.app.addHook("preClose", async () => resolve());
  });
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = api.app.server.address() as AddressInfo;
  return { ...api, port, closing, url: `http://127.0.0.1:${port}` };
}

describe("over real HTTP", () => {
  it("answers with problem+json what is no HTTP", async () => {
    const { port } = await listen();
    const socket = connect(port, "127.0.0.1");
    socket.write("hello\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain("application/problem+json");
    expect(answer).toContain('"code":"bad_request"');
  });

  it.each([
    ["has no Host", "GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n", 400, "Host"],
    [
      "expects what nobody knows",
      "GET /livez HTTP/1.1\r\nhost: x\r\nexpect: 200-ok\r\n\r\n",
      417,
      "100-continue",
    ],
  ])("answers with problem+json a request that %s", async (_what, head, status, detail) => {
    const { port } = await listen();
    const socket = connect(port, "127.0.0.1");
    socket.write(head);
    const answer = await text(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain("application/problem+json");
    expect(answer).toContain(detail);
  });

  it.each([
    ["of a known length", "content-length: 6000000"],
    ["in chunks", "transfer-encoding: chunked"],
  ])("lets a client that sends too much %s read its answer", async (_what, framing) => {
    const { port } = await listen();
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST /v1/loads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\n` +
        `content-type: application/json\r\n${framing}\r\n\r\n`,
    );
    const chunk = " ".repeat(60_000);
    const isChunked = framing.startsWith("transfer");
    // As Python's http.client does: all of the body, then the answer.
    socket.pause();
    for (let sent = 0; sent < 100; sent++)
      await new Promise<void>((resolve, reject) =>
        socket.write(isChunked ? `ea60\r\n${chunk}\r\n` : chunk, (error) =>
          error ? reject(error) : resolve(),
        ),
      );
    if (isChunked) socket.write("0\r\n\r\n");
    socket.write("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain("this resource takes 262144");
    expect(answer).toContain("HTTP/1.1 200 ");
  });

  it("does not read on for ever after an early answer", async () => {
    const { port } = await listen({ limits: { readOnMs: 20 } });
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST /v1/loads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\n` +
        "content-type: application/json\r\ncontent-length: 6000000\r\n\r\n",
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("refuses more than 16 KiB of headers", async () => {
    const { port } = await listen();
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${"x".repeat(17_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ["sends nothing more", () => undefined],
    ["drips on", (socket: Socket) => setInterval(() => socket.write("x"), 5)],
  ])("answers 408 to a connection whose headers never end and that %s", async (_what, go) => {
    const { port } = await listen({ limits: { headersTimeoutMs: 100 } });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ");
    const drip = go(socket);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  it("closes connections beyond the limit", async () => {
    const { port } = await listen({ limits: { connections: 1 } });
    const first = connect(port, "127.0.0.1");
    await once(first, "connect");
    const second = connect(port, "127.0.0.1");
    await once(second, "close");
    expect(second.bytesRead).toBe(0);
    first.destroy();
  });

  it.each([
    ["has sent nothing", ""],
    ["has sent half a request", "GET /livez HTTP/1.1\r\nhost: x\r\n"],
    [
      "has sent half its second request",
      "GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /livez HTTP/1.1\r\n",
    ],
  ])("waits for no connection that %s when it closes", async (_what, sent) => {
    const { app, port } = await listen();
    const accepted = once(app.server, "connection");
    const socket = connect(port, "127.0.0.1");
    const [served] = await accepted;
    if (sent !== "") {
      const received = once(served, "data");
      socket.write(sent);
      await received;
    }
    await app.close();
    expect(app.server.listening).toBe(false);
    socket.destroy();
  });

  it("lets a running request end while it closes, and then the connection too", async () => {
    const { loads } = createTestApi();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const slow = {
      ...loads,
      get: async () => {
        asked.resolve();
        await answer.promise;
        return undefined;
      },
    };
    const { app, closing, url } = await listen({ doors: { loads: slow } });
    const running = fetch(`${url}/v1/loads/default.1`, {
      headers: { authorization: `Bearer ${testKey}` },
    });
    await asked.promise;
    const closed = app.close();
    await closing;
    answer.resolve();
    const ended = await running;
    expect(ended.status).toBe(404);
    expect(ended.headers.get("connection")).toBe("close");
    await closed;
  });

  it("logs one line a request, with the principal and without the key", async () => {
    const lines: string[] = [];
    const logger = createApiLogger("info", { write: (line) => lines.push(line) });
    const { url } = await listen({ logger });
    await fetch(`${url}/v1/loads?cursor=0`, { headers: { authorization: `Bearer ${testKey}` } });
    await open.splice(0)[0]?.close();
    const answered = lines.map((line) => JSON.parse(line)).filter((line) => line.status);
    expect(answered).toHaveLength(1);
    expect(answered[0]).toMatchObject({
      principal: "airflow",
      method: "GET",
      route: "/v1/loads",
      status: 200,
    });
    expect(answered[0].requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines.join("")).not.toContain(testKey);
  });
});
