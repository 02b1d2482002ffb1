import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { BulkError } from "@headgate/core";
import type { FeedEntry } from "@headgate/orchestrator/producer";
import { afterEach, describe, expect, it } from "vitest";
import {
  clientOf,
  createTestApi,
  type TestApi,
  type TestApiOptions,
  testKey,
} from "../api.test-support.ts";

type HeadgateEvent = FeedEntry["event"];

/** A feed whose entries a test adds. It remembers nothing but what was added. */
function testFeed() {
  const entries: (FeedEntry | "gap")[] = [];
  const news = new EventEmitter().setMaxListeners(0);
  let following = Promise.withResolvers<string>();
  return {
    add(event: HeadgateEvent, about: Partial<FeedEntry> = {}) {
      const id = `${entries.length + 1}-0`;
      entries.push({ id, at: "2026-01-01T00:00:00.000Z", event, ...about });
      news.emit("added");
    },
    gap() {
      entries.push("gap");
      news.emit("added");
    },
    /** Settles with the id when somebody follows. */
    followed: () => following.promise,
    last: async () => `${entries.length}-0`,
    async *follow(id: string, { signal }: { readonly signal: AbortSignal }) {
      following.resolve(id);
      following = Promise.withResolvers();
      for (let next = Number(id.split("-")[0]); !signal.aborted; ) {
        const entry = entries[next];
        if (entry !== undefined) {
          next += 1;
          yield entry;
          continue;
        }
        await once(news, "added", { signal }).catch(() => undefined);
      }
    },
  };
}

const ended = (loadId: string): HeadgateEvent => ({
  type: "load.ended",
  loadId,
  state: "complete",
});
const accepted = (loadId: string): HeadgateEvent => ({
  ...{ type: "load.accepted", loadId, target: "upsert web/order", via: "http" },
});

const open: TestApi[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ app }) => app.close()));
});

async function listen(feed: ReturnType<typeof testFeed>, options: TestApiOptions = {}) {
  const api = createTestApi({ doors: { feed }, ...options });
  open.push(api);
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  return { api, url, port: (api.app.server.address() as AddressInfo).port };
}

/** Reads a stream until it has this text. */
async function readUntil(response: Response, text: string): Promise<string> {
  let read = "";
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  while (!read.includes(text)) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return `${read}(end)`;
    read += decoder.decode(value, { stream: true });
  }
  reader?.releaseLock();
  return read;
}

const headers = { authorization: `Bearer ${testKey}` };

describe("events", () => {
  it("come with id, type and data, from now on", async () => {
    const feed = testFeed();
    feed.add(ended("default.0"));
    const { url } = await listen(feed);
    const followed = feed.followed();
    const response = await fetch(`${url}/v1/events`, { headers });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await followed).toBe("1-0");
    feed.add(ended("default.1"));
    const text = await readUntil(response, "default.1");
    expect(text).toMatch(/^retry: 3000\nid: 1-0\n\n/);
    expect(text).toContain(
      'id: 2-0\nevent: load.ended\ndata: {"at":"2026-01-01T00:00:00.000Z","type":"load.ended","loadId":"default.1","state":"complete"}\n\n',
    );
    expect(text).not.toContain("default.0");
  });

  it.each([
    ["?after=1-0", {}],
    ["", { "last-event-id": "1-0" }],
    ["?after=7-0", { "last-event-id": "1-0" }],
  ])("go on after the last one seen: %s %j", async (query, more) => {
    const feed = testFeed();
    for (const id of ["default.0", "default.1"]) feed.add(ended(id));
    const { url } = await listen(feed);
    const response = await fetch(`${url}/v1/events${query}`, { headers: { ...headers, ...more } });
    const text = await readUntil(response, "default.1");
    expect(text).not.toContain("default.0");
  });

  it("are filtered by type, load and run", async () => {
    const feed = testFeed();
    const { api, url } = await listen(feed);
    expect(await api.newLoad()).toBe("default.1");
    const follow = async (query: string) =>
      await fetch(`${url}/v1/events?after=0-0&${query}`, { headers });
    feed.add(accepted("default.0"));
    feed.add(ended("default.0"));
    feed.add(ended("default.1"));
    feed.add({
      type: "schedule.run-skipped",
      connection: "default",
      schedule: "n",
      run: "r1",
      date: "d",
      cause: "cron",
    });
    const byType = await readUntil(await follow("type=load.ended,gate.closed"), "default.1");
    expect(byType).not.toContain("load.accepted");
    const byLoad = await readUntil(await follow("load=default.1"), "default.1");
    expect(byLoad).not.toContain("default.0");
    expect(await readUntil(await follow("run=r1"), "r1")).not.toContain("load.");
  });

  it("that are no longer kept are told by a gap", async () => {
    const feed = testFeed();
    feed.gap();
    const { url } = await listen(feed);
    const response = await fetch(`${url}/v1/events?after=0-0&type=load.ended`, { headers });
    expect(await readUntil(response, "gap")).toContain("event: gap\ndata: {}\n\n");
  });

  it("of others are not shown to a client that may only enqueue, nor those of other connections", async () => {
    const feed = testFeed();
    const { url } = await listen(feed, {
      clients: [
        clientOf("own", "own", { scopes: ["enqueue"] }),
        clientOf("emea", "emea", { connections: ["emea"] }),
        clientOf("all", "all"),
      ],
    });
    feed.add({ type: "redis.away", message: "nobody's" });
    feed.add(ended("default.0"), { principal: "somebody", connection: "default" });
    feed.add(ended("emea.0"), { principal: "somebody", connection: "emea" });
    feed.add(ended("default.last"), { principal: "own", connection: "default" });
    feed.add(ended("emea.last"), { principal: "own", connection: "emea" });
    const idsOf = async (key: string) => {
      const response = await fetch(`${url}/v1/events?after=0-0`, {
        headers: { authorization: `Bearer ${key}` },
      });
      const text = await readUntil(response, "emea.last");
      return [...text.matchAll(/^id: (\d+)-0\nevent: /gm)].map(([, id]) => Number(id));
    };
    expect(await idsOf("own")).toEqual([4, 5]);
    expect(await idsOf("emea")).toEqual([3, 5]);
    expect(await idsOf("all")).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    ["?after=now", {}],
    ["?after=", {}],
    ["", { "last-event-id": "x" }],
    ["?load=a&load=b", {}],
    ["?typ=load.ended", {}],
    ["?type=<script>", {}],
    ["?type=load.ended,nope", {}],
  ])("are refused for %s %j", async (query, more) => {
    const { api } = await listen(testFeed());
    const answer = await api.call({ url: `/v1/events${query}`, headers: more });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "request_invalid" });
  });

  it("of a load that is not there, or not the client's to see, are not to be had", async () => {
    const own = clientOf("own", "own", { scopes: ["enqueue"] });
    const { api } = await listen(testFeed(), { clients: [own, clientOf("airflow", testKey)] });
    const foreign = await api.newLoad();
    for (const load of ["default.nope", foreign]) {
      const answer = await api.app.inject({
        url: `/v1/events?load=${load}`,
        headers: { authorization: "Bearer own" },
      });
      expect(answer.json()).toMatchObject({ status: 404, code: "load_not_found" });
    }
  });

  it("end cleanly when the API closes", async () => {
    const { api, url } = await listen(testFeed());
    const response = await fetch(`${url}/v1/events`, { headers });
    await api.app.close();
    expect(await readUntil(response, "never")).toContain("(end)");
  });

  it("end after a while, so that the client has to log in again", async () => {
    const { url } = await listen(testFeed(), { limits: { streamMs: 20 } });
    const response = await fetch(`${url}/v1/events`, { headers });
    expect(await readUntil(response, "never")).toContain("(end)");
  });

  it("are followed by one client only so often, until it leaves", async () => {
    const feed = testFeed();
    const { url } = await listen(feed, { limits: { streamsPerClient: 1 } });
    const leaving = new AbortController();
    await fetch(`${url}/v1/events`, { headers, signal: leaving.signal });
    const second = await fetch(`${url}/v1/events`, { headers });
    expect(second.status).toBe(429);
    expect(await second.json()).toMatchObject({ code: "too_many_streams" });
    leaving.abort();
    await expect
      .poll(async () => {
        const again = await fetch(`${url}/v1/events`, { headers });
        await again.body?.cancel();
        return again.status;
      })
      .toBe(200);
  });

  it("count a client's streams from the first moment on", async () => {
    const feed = testFeed();
    const answering = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    const last = (): Promise<string> => {
      asked.resolve();
      return answering.promise;
    };
    const { url } = await listen({ ...feed, last }, { limits: { streamsPerClient: 1 } });
    const first = fetch(`${url}/v1/events`, { headers });
    await asked.promise;
    expect((await fetch(`${url}/v1/events`, { headers })).status).toBe(429);
    answering.resolve("0-0");
    expect((await first).status).toBe(200);
  });

  it("that cannot be followed are not counted as followed", async () => {
    const feed = testFeed();
    const refusing: typeof feed.follow = (id, options) => {
      if (id === "1-0") return feed.follow(id, options);
      throw new BulkError("ERR_REQUEST_INVALID", "no id of this feed");
    };
    const { api, url } = await listen(
      { ...feed, follow: refusing },
      { limits: { streamsPerClient: 1 } },
    );
    for (let i = 0; i < 3; i++)
      expect((await api.call({ url: "/v1/events?after=2-0" })).statusCode).toBe(400);
    expect((await fetch(`${url}/v1/events?after=1-0`, { headers })).status).toBe(200);
  });

  it("keep the connection by comments", async () => {
    const { url } = await listen(testFeed(), { limits: { heartbeatMs: 5 } });
    const response = await fetch(`${url}/v1/events`, { headers });
    expect(await readUntil(response, ": heartbeat")).toContain("\n\n: heartbeat\n\n");
  });

  it("leave a client that does not read", async () => {
    const feed = testFeed();
    const { api, port } = await listen(feed, { limits: { slowReaderMs: 50 } });
    const connected = once(api.app.server, "connection");
    const socket = connect(port, "127.0.0.1").pause();
    const [served] = await connected;
    const followed = feed.followed();
    socket.write(
      `GET /v1/events?after=0-0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\n\r\n`,
    );
    await followed;
    const left = once(served, "close");
    const message = "x".repeat(1_000_000);
    for (let i = 0; i < 20; i++) feed.add({ type: "redis.away", message });
    await left;
    socket.destroy();
  });
});
