import { once } from "node:events";
import { bytes, type ErrorCode, type SourceObject } from "@headgate/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { collect, never, rangeOf, readAll, sample } from "./conformance/subject.ts";
import { createS3Store } from "./s3-store.ts";
import {
  type Answer,
  fail,
  type ScriptedS3,
  serve,
  startScriptedS3,
  storeOn,
} from "./scripted-s3.test-support.ts";

const content = sample(5_000);
const object: SourceObject = { uri: "s3://bucket/key.csv", bytes: bytes(5_000), pin: '"pin"' };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Parameters that only name the SDK's operation. */
function ranges(server: ScriptedS3): readonly string[] {
  return server.requests.map((request) =>
    request.replace("GET /bucket/key.csv?x-id=GetObject bytes=", ""),
  );
}

describe("a read that breaks", () => {
  test("goes on at the byte reached, and yields each byte once", async () => {
    const server = await startScriptedS3([
      serve(content, { send: 1_500, after: "cut" }),
      fail(503, "SlowDown"),
      serve(content, { send: 0, after: "cut" }),
      serve(content),
    ]);
    const seen = await readAll(storeOn(server), object);
    expect(seen.equals(content)).toBe(true);
    expect(ranges(server)[0]).toBe("0-4999");
    const [, second, third, fourth] = ranges(server);
    expect(second).toMatch(/^\d+-4999$/);
    expect([third, fourth]).toEqual([second, second]);
  });

  test("takes a clean but early end for a break", async () => {
    const short = { headers: { "content-length": undefined }, send: 2_000 };
    const server = await startScriptedS3([serve(content, short), serve(content)]);
    expect((await readAll(storeOn(server), object)).equals(content)).toBe(true);
    expect(ranges(server)).toEqual(["0-4999", "2000-4999"]);
  });

  test("fails as truncated when each try ends early, after the tries allowed", async () => {
    const nothing = { headers: { "content-length": undefined }, send: 0 };
    const server = await startScriptedS3([serve(content, nothing)]);
    const reading = readAll(storeOn(server, { readTries: 3 }), object);
    await expect(reading).rejects.toMatchObject({
      code: "ERR_SOURCE_TRUNCATED",
      fields: { uri: object.uri, endedAt: 0, promised: 5_000 },
    });
    expect(server.requests).toHaveLength(3);
  });

  test("counts the tries of each range anew and waits between them", async () => {
    const cut = serve(content, { send: 0, after: "cut" });
    const server = await startScriptedS3([cut, cut, serve(content), cut, cut, serve(content)]);
    const waits: number[] = [];
    const store = storeOn(server, {
      rangeBytes: 2_500,
      readTries: 3,
      wait: async (tries) => void waits.push(tries),
    });
    // The ranges of one read overlap by design, so the script fits only where they are read one by one.
    for (const range of [rangeOf(0, 2_500), rangeOf(2_500, 5_000)]) {
      const seen = await readAll(store, object, range);
      expect(seen.equals(content.subarray(range.from, range.to))).toBe(true);
    }
    expect(waits).toEqual([1, 2, 1, 2]);
  });

  test("ends a body that falls silent, and reads on", async () => {
    const server = await startScriptedS3([
      serve(content, { send: 100, after: "hang" }),
      serve(content),
    ]);
    const seen = await readAll(storeOn(server, { idleMs: 50 }), object);
    expect(seen.equals(content)).toBe(true);
    expect(ranges(server)).toEqual(["0-4999", "100-4999"]);
  });

  test("names the silence when it never ends", async () => {
    const server = await startScriptedS3([serve(content, { send: 0, after: "hang" })]);
    const reading = readAll(storeOn(server, { idleMs: 20, readTries: 2 }), object);
    await expect(reading).rejects.toMatchObject({
      code: "ERR_SOURCE_UNREADABLE",
      fields: { uri: object.uri, idleMs: 20 },
    });
  });

  test("fails when no headers come in time", async () => {
    const server = await startScriptedS3([() => {}]);
    const reading = readAll(storeOn(server, { answerMs: 50, readTries: 2 }), object);
    await expect(reading).rejects.toMatchObject({
      code: "ERR_SOURCE_UNREADABLE",
      fields: { reason: "ETIMEDOUT" },
    });
    expect(server.requests).toHaveLength(2);
  });

  test("fails when nobody listens", async () => {
    const store = createS3Store({
      endpoint: "http://127.0.0.1:1",
      region: "us-east-1",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      requestTries: 1,
      readTries: 1,
    });
    await expect(readAll(store, object)).rejects.toMatchObject({
      code: "ERR_SOURCE_UNREADABLE",
      fields: { reason: "ECONNREFUSED" },
    });
  });
});

describe("an answer that does not fit the pin", () => {
  const whole: Answer = (_, response) => {
    response.writeHead(200, { "content-length": 5_000, etag: '"pin"' }).end(content);
  };

  test.each<[string, Answer, ErrorCode]>([
    [
      "another size",
      serve(content, { headers: { "content-range": "bytes 10-19/6000" } }),
      "ERR_SOURCE_CHANGED",
    ],
    ["412", fail(412, "PreconditionFailed"), "ERR_SOURCE_CHANGED"],
    ["416", fail(416, "InvalidRange"), "ERR_SOURCE_CHANGED"],
    ["404", fail(404, "NoSuchKey"), "ERR_SOURCE_CHANGED"],
    ["403", fail(403, "AccessDenied"), "ERR_SOURCE_FORBIDDEN"],
    [
      "another range",
      serve(content, { headers: { "content-range": "bytes 0-9/5000" } }),
      "ERR_SOURCE_UNREADABLE",
    ],
    [
      "a range that is no range",
      serve(content, { headers: { "content-range": "items 1" } }),
      "ERR_SOURCE_UNREADABLE",
    ],
    ["the whole object", whole, "ERR_SOURCE_UNREADABLE"],
    ["500", fail(500, "InternalError"), "ERR_SOURCE_UNREADABLE"],
  ])("fails for %s without passing on a byte", async (_, answer, code) => {
    const server = await startScriptedS3([answer]);
    const store = storeOn(server, { readTries: 1 });
    const chunks: Uint8Array[] = [];
    async function read(): Promise<void> {
      for await (const chunk of store.read(object, rangeOf(10, 20), { signal: never() }))
        chunks.push(chunk);
    }
    await expect(read()).rejects.toMatchObject({ code, fields: { uri: object.uri } });
    expect(chunks).toEqual([]);
  });

  test("fails when the body is longer than the range", async () => {
    const server = await startScriptedS3([
      (_, response) => {
        response.writeHead(206, { etag: '"pin"', "content-range": "bytes 0-9/5000" });
        response.end(content.subarray(0, 11));
      },
    ]);
    await expect(readAll(storeOn(server), object, rangeOf(0, 10))).rejects.toMatchObject({
      code: "ERR_SOURCE_CHANGED",
      fields: { uri: object.uri, bytesAsked: 10 },
    });
  });

  test("takes a whole object without Content-Range where the whole was asked for", async () => {
    const server = await startScriptedS3([whole]);
    expect((await readAll(storeOn(server), object)).equals(content)).toBe(true);
  });

  test("refuses a pin of another store", async () => {
    const server = await startScriptedS3([serve(content)]);
    await expect(readAll(storeOn(server), { ...object, pin: "" })).rejects.toMatchObject({
      code: "ERR_SOURCE_CHANGED",
      fields: { uri: object.uri },
    });
    expect(server.requests).toEqual([]);
  });
});

describe("connections", () => {
  async function allClosed(server: ScriptedS3): Promise<void> {
    while (server.sockets.size > 0) {
      const [socket] = server.sockets;
      if (socket !== undefined) await once(socket, "close");
    }
  }

  test("are closed when the consumer leaves early", async () => {
    const server = await startScriptedS3([serve(content, { send: 100, after: "hang" })]);
    for await (const chunk of storeOn(server).read(object, rangeOf(0, 5_000), {
      signal: never(),
    })) {
      expect(chunk.byteLength).toBe(100);
      break;
    }
    await allClosed(server);
    expect(server.sockets.size).toBe(0);
  });

  test("are closed when the signal fires in a wait for bytes, that of the range ahead included", async () => {
    const control = new AbortController();
    const reason = new Error("stopped");
    const server = await startScriptedS3([
      serve(content, { send: 900, after: "hang" }),
      () => control.abort(reason),
    ]);
    const reading = storeOn(server, { rangeBytes: 1_000 }).read(object, rangeOf(0, 5_000), control);
    await expect(collect(reading)).rejects.toBe(reason);
    expect(ranges(server)).toEqual(["0-999", "1000-1999"]);
    await allClosed(server);
    expect(server.sockets.size).toBe(0);
  });

  test("are reused from read to read", async () => {
    const server = await startScriptedS3([serve(content)]);
    const store = storeOn(server);
    for (let from = 0; from < 5_000; from += 1_000) {
      await readAll(store, object, rangeOf(from, from + 1_000));
    }
    expect(server.requests).toHaveLength(5);
    expect(server.connections()).toBe(1);
  });
});

test("without a region anywhere, a call fails as a wrong setting and is not sent", async () => {
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  for (const name of ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
    vi.stubEnv(name, "/nowhere");
  const store = createS3Store();
  const listed = store.list({ kind: "uri", uri: object.uri }, { signal: never() });
  await expect(collect(listed)).rejects.toMatchObject({
    code: "ERR_CONFIG",
    message: expect.stringContaining("no AWS region is set"),
    fields: { uri: object.uri },
  });
  store.close();
});
