import { once } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A proxy before a server that sends everything back. */
async function echoProxy(sleep?: (delayMs: number) => Promise<unknown>): Promise<FaultProxy> {
  const port = await portOf(
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    }),
  );
  const proxy = await startFaultProxy({ port, ...(sleep === undefined ? {} : { sleep }) });
  onTestFinished(proxy.close);
  return proxy;
}

async function opened(proxy: FaultProxy): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

async function echoed(socket: Socket, words: string): Promise<string> {
  socket.write(words);
  let got = "";
  while (got.length < words.length) got += String((await once(socket, "data"))[0]);
  return got;
}

it("carries both directions, and the end of each", async () => {
  const proxy = await echoProxy();
  const socket = await opened(proxy);
  expect(await echoed(socket, "one")).toBe("one");
  socket.end("two");
  expect(await text(socket)).toBe("two");
  expect(proxy.connections()).toBe(0);
});

it("carries a large HTTP body whole", async () => {
  const body = "x".repeat(3_000_000);
  const port = await portOf(
    createHttpServer((message, response) => {
      void text(message).then((got) => response.end(String(got === body)));
    }),
  );
  const proxy = await startFaultProxy({ port });
  onTestFinished(proxy.close);
  const sent = request({ port: proxy.port, host: "127.0.0.1", method: "PUT" });
  sent.end(body);
  const [answer] = await once(sent, "response");
  expect(await text(answer)).toBe("true");
});

it("makes every piece late", async () => {
  const waits: number[] = [];
  const proxy = await echoProxy(async (delayMs) => waits.push(delayMs));
  const socket = await opened(proxy);
  proxy.setTrouble({ kind: "latency", delayMs: 30 });
  expect(await echoed(socket, "late")).toBe("late");
  expect(waits).toEqual([30, 30]);
});

it("holds everything in a black hole until that ends", async () => {
  const proxy = await echoProxy();
  const socket = await opened(proxy);
  proxy.setTrouble({ kind: "black-hole" });
  let got = "";
  socket.on("data", (data) => {
    got += String(data);
  });
  socket.write("held");
  // A later connection, healed by itself, shows that the server is there.
  const second = await startFaultProxy({ port: proxy.port });
  onTestFinished(second.close);
  const other = await opened(second);
  other.write("held too");
  await new Promise((resolve) => setImmediate(resolve));
  expect([got, socket.destroyed]).toEqual(["", false]);
  proxy.setTrouble(undefined);
  await once(other, "data");
  while (got === "") await once(socket, "data");
  expect(got).toBe("held");
});

it("delivers after a black hole what a sender that has gone had sent", async () => {
  const received = Promise.withResolvers<string>();
  const port = await portOf(createServer((socket) => void text(socket).then(received.resolve)));
  const proxy = await startFaultProxy({ port });
  onTestFinished(proxy.close);
  const socket = await opened(proxy);
  proxy.setTrouble({ kind: "black-hole" });
  socket.end("last words");
  await once(socket, "finish");
  proxy.setTrouble(undefined);
  expect(await received.promise).toBe("last words");
});

it("resets the connections it has, and takes new ones", async () => {
  const proxy = await echoProxy();
  const socket = await opened(proxy);
  await echoed(socket, "before");
  const closed = once(socket, "close");
  proxy.setTrouble({ kind: "reset" });
  await expect(closed).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(await echoed(await opened(proxy), "again")).toBe("again");
});

it("ends the server's side only", async () => {
  const proxy = await echoProxy();
  const socket = await opened(proxy);
  await echoed(socket, "before");
  const ended = once(socket, "end");
  proxy.setTrouble({ kind: "half-close" });
  socket.resume();
  await ended;
  expect([socket.writable, proxy.connections()]).toEqual([true, 1]);
});

it("lets bytes trickle, and flow again afterwards", async () => {
  const waits: number[] = [];
  const held = Promise.withResolvers<void>();
  const proxy = await echoProxy(async (delayMs) => {
    waits.push(delayMs);
    if (delayMs === 1024) await held.promise;
  });
  const socket = await opened(proxy);
  proxy.setTrouble({ kind: "trickle", bytesPerSecond: 10_240 });
  expect(await echoed(socket, "y".repeat(2048))).toHaveLength(2048);
  // However the pieces fell, each byte was waited for on its way there and back.
  expect(waits.reduce((sum, delayMs) => sum + delayMs, 0)).toBeCloseTo(400);
  proxy.setTrouble({ kind: "trickle", bytesPerSecond: 1000 });
  const slow = echoed(socket, "z".repeat(5000));
  proxy.setTrouble(undefined);
  expect(await slow).toHaveLength(5000);
});

it("cuts a connection after so many bytes, in either direction", async () => {
  const proxy = await echoProxy();
  const socket = await opened(proxy);
  proxy.setTrouble({ kind: "cut", afterBytes: 10 });
  expect(await echoed(socket, "12345")).toBe("12345");
  const closed = once(socket, "close");
  socket.write("6");
  await expect(closed).rejects.toMatchObject({ code: "ECONNRESET" });
});

it("refuses new connections and keeps the old", async () => {
  const proxy = await echoProxy();
  const socket = await opened(proxy);
  await echoed(socket, "before");
  proxy.setTrouble({ kind: "refuse" });
  const late = connect({ port: proxy.port, host: "127.0.0.1" });
  await expect(once(late, "close")).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(await echoed(socket, "still")).toBe("still");
});
