import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { bytes, milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { deadlineMs, type HttpCall } from "./http-transport.ts";
import { bodyOf, serve, testTransport } from "./test-tenant.test-support.ts";
import type { UploadBody } from "./upload-body.ts";

const soon = milliseconds(50);

function put(origin: string, body: UploadBody, changes: Partial<HttpCall> = {}): HttpCall {
  return { method: "PUT", origin, path: "/", headers: {}, body, ...changes };
}

/** `bytes` promised; yields chunks of 64 KiB for as long as it is read. */
function endlessBody(promised: number): UploadBody & { readonly closed: Promise<void> } {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  return {
    bytes: bytes(promised),
    closed,
    async *open() {
      try {
        for (;;) yield Buffer.alloc(64 * 1024, "x");
      } finally {
        resolve();
      }
    },
  };
}

describe("an upload", () => {
  it("goes out with its length and whole", async () => {
    const { promise: seen, resolve } = Promise.withResolvers<object>();
    const origin = await serve(async (request, response) => {
      resolve({ headers: request.headers, body: await text(request) });
      response.writeHead(202).end();
    });
    const body = bodyOf(["a,b\n", "", "1,2\n", "3,4\n"]);
    expect(await testTransport().send(put(origin, body))).toMatchObject({
      status: 202,
      bodySent: true,
    });
    expect(await seen).toMatchObject({
      headers: { "content-length": "12" },
      body: "a,b\n1,2\n3,4\n",
    });
    expect(await seen).not.toHaveProperty("headers.transfer-encoding");
  });

  it("of many megabytes arrives byte for byte", async () => {
    const chunk = Buffer.from(Array.from({ length: 1_000_003 }, (_, i) => i % 251));
    const origin = await serve(async (request, response) => {
      const body = await buffer(request);
      const chunks = Array.from({ length: 8 }, () => chunk);
      response.end(String(body.equals(Buffer.concat(chunks))));
    });
    const body: UploadBody = {
      bytes: bytes(chunk.byteLength * 8),
      async *open() {
        for (let i = 0; i < 8; i += 1) yield chunk;
      },
    };
    expect(await testTransport().send(put(origin, body))).toMatchObject({ text: "true" });
  });

  it("of no bytes goes out as length 0", async () => {
    const origin = await serve(async (request, response) => {
      response.end(`${request.headers["content-length"]}:${await text(request)}`);
    });
    expect(await testTransport().send(put(origin, bodyOf([])))).toMatchObject({
      text: "0:",
      bodySent: true,
    });
  });

  it.each([
    ["short", bodyOf(["a,b\n", "1,2\n"], 9), "ERR_SOURCE_TRUNCATED"],
    ["short by everything", bodyOf([], 9), "ERR_SOURCE_TRUNCATED"],
    ["long", bodyOf(["a,b\n", "1,2\n", "3"], 8), "ERR_SOURCE_CHANGED"],
    ["long in its one chunk", bodyOf(["a,b\n1,2\n"], 7), "ERR_SOURCE_CHANGED"],
  ] as const)("whose body is %s fails and never arrives whole", async (_, body, code) => {
    const arrivals: boolean[] = [];
    const origin = await serve(async (request) => {
      arrivals.push(
        await text(request).then(
          () => true,
          () => false,
        ),
      );
    });
    await expect(testTransport().send(put(origin, body))).rejects.toMatchObject({ code });
    expect(arrivals).not.toContain(true);
  });

  it("fails with its body's own error, even one after the last byte, and never arrives whole", async () => {
    const { promise: whole, resolve } = Promise.withResolvers<boolean>();
    const origin = await serve(async (request) => {
      resolve(
        await text(request).then(
          () => true,
          () => false,
        ),
      );
    });
    const fault = new Error("unproven");
    const body: UploadBody = {
      bytes: bytes(8),
      async *open() {
        yield Buffer.from("a,b\n");
        yield Buffer.from("1,2\n");
        throw fault;
      },
    };
    await expect(testTransport().send(put(origin, body))).rejects.toBe(fault);
    expect(await whole).toBe(false);
  });

  it("takes an early answer for its status and stops reading its body", async () => {
    const origin = await serve((_, response) => response.writeHead(401).end("expired"));
    const body = endlessBody(1_000_000_000);
    expect(await testTransport().send(put(origin, body))).toMatchObject({
      status: 401,
      text: "expired",
      bodySent: false,
    });
    await body.closed;
  });

  it("tells a body that is waiting for its source when an early answer has made it needless", async () => {
    const origin = await serve((_, response) => response.writeHead(401).end());
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const body: UploadBody = {
      bytes: bytes(100),
      async *open(signal) {
        yield Buffer.from("a");
        yield Buffer.from("b");
        await once(signal, "abort");
        resolve();
      },
    };
    expect(await testTransport().send(put(origin, body))).toMatchObject({ status: 401 });
    await told;
  });

  it("takes an early answer with a close for its status, or for none, never for success", async () => {
    const origin = await serve((_, response) => {
      response.writeHead(413, { connection: "close" }).end(() => response.destroy());
    });
    const transport = testTransport();
    for (let i = 0; i < 10; i += 1) {
      const body = endlessBody(1_000_000_000);
      const result = await transport.send(put(origin, body));
      expect(result.kind === "answer" ? result.status : result.kind).toBeOneOf([413, "no-answer"]);
      await body.closed;
    }
  });

  it("that is reset half way has no answer", async () => {
    const origin = await serve(async (request) => {
      await once(request, "data");
      request.socket.resetAndDestroy();
    });
    const body = endlessBody(1_000_000_000);
    expect(await testTransport().send(put(origin, body))).toMatchObject({ kind: "no-answer" });
    await body.closed;
  });

  it("that the server stops reading is given up after the idle limit", async () => {
    const origin = await serve((request) => request.pause());
    const body = endlessBody(1_000_000_000);
    const transport = testTransport({ limits: { uploadIdleMs: soon } });
    expect(await transport.send(put(origin, body))).toMatchObject({
      kind: "no-answer",
      cause: { message: "time limit reached: upload idle" },
    });
    await body.closed;
  });

  it("whose body stops coming is given up after the idle limit, and the body is told", async () => {
    const origin = await serve((request) => request.resume());
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const body: UploadBody = {
      bytes: bytes(100),
      async *open(signal) {
        yield Buffer.from("a");
        await once(signal, "abort");
        resolve();
        signal.throwIfAborted();
      },
    };
    const transport = testTransport({ limits: { uploadIdleMs: soon } });
    expect(await transport.send(put(origin, body))).toMatchObject({
      kind: "no-answer",
      cause: { message: "time limit reached: upload idle" },
    });
    await told;
  });

  it("that moves too slowly is given up at its deadline", async () => {
    const origin = await serve((request) => request.resume());
    const body: UploadBody = {
      bytes: bytes(1_000_000),
      async *open() {
        for (;;) {
          await nextTurn();
          yield Buffer.from("a");
        }
      },
    };
    const transport = testTransport({
      limits: { minUploadBytesPerSecond: bytes(100_000_000), uploadGraceMs: soon },
    });
    expect(await transport.send(put(origin, body))).toMatchObject({
      kind: "no-answer",
      cause: { message: "time limit reached: deadline" },
    });
  });

  it("is not idle but late where its answer does not come", async () => {
    const origin = await serve((request) => request.resume());
    const limits = { uploadIdleMs: milliseconds(1), answerMs: soon };
    expect(await testTransport({ limits }).send(put(origin, bodyOf(["a"])))).toMatchObject({
      kind: "no-answer",
      cause: { code: "UND_ERR_HEADERS_TIMEOUT" },
    });
  });

  it("has as much time as its size needs at the slowest rate, and a minute", async () => {
    const { limits } = testTransport();
    const body = { ...bodyOf([]), bytes: bytes(150_000_000) };
    expect(deadlineMs(limits, body)).toBe(660_000);
    expect(deadlineMs(limits, "{}")).toBe(60_000);
  });

  it("that is aborted in the middle fails with the signal's reason and closes its body", async () => {
    const reason = new Error("stop");
    const control = new AbortController();
    const origin = await serve((request) => {
      request.resume();
      request.once("data", () => control.abort(reason));
    });
    const body = endlessBody(1_000_000_000);
    const sent = testTransport().send(put(origin, body, { signal: control.signal }));
    await expect(sent).rejects.toBe(reason);
    await body.closed;
  });
});
