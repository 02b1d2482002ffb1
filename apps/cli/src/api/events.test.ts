import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { type ApiEvent, followEvents } from "./events.ts";
import { problem, scriptedServer } from "./scripted-server.test-support.ts";

function stream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { "content-type": "text/event-stream" });
}

/** The first `count` events. */
async function take(events: AsyncIterable<ApiEvent>, count: number): Promise<readonly ApiEvent[]> {
  const taken: ApiEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

const never = new AbortController().signal;
const follow = { signal: never, report: () => undefined };

test("events come with id, type and data, however their bytes are cut", async () => {
  const { client, seen } = await scriptedServer((_, response) => {
    stream(response);
    for (const byte of Buffer.from(': hello\n\nid: 1-0\nevent: load.ended\ndata: {"a":"ø"}\n\n'))
      response.write(Buffer.of(byte));
  });
  expect(await take(followEvents(client, { load: "default.1" }, follow), 1)).toEqual([
    { id: "1-0", type: "load.ended", data: { a: "ø" } },
  ]);
  expect(seen[0]?.url).toBe("/v1/events?load=default.1");
  expect(seen[0]?.headers).toMatchObject({ authorization: "Bearer key" });
  expect(seen[0]?.headers["last-event-id"]).toBeUndefined();
});

test("a lost connection is taken up after the last event", async () => {
  const { client, seen } = await scriptedServer(
    (_, response) => {
      stream(response).write("id: 1-0\nevent: a\ndata: {}\n\n", () => response.destroy());
    },
    (_, response) => problem(response, 503, "redis_away"),
    (request) => void request.socket.destroy(),
    (_, response) => {
      stream(response).end("id: 2-0\nevent: b\ndata: {}\n\n");
    },
    (_, response) => {
      stream(response).write("id: 3-0\nevent: c\ndata: {}\n\n");
    },
  );
  const notes: string[] = [];
  const events = followEvents(client, {}, { signal: never, report: (line) => notes.push(line) });
  expect((await take(events, 3)).map(({ type }) => type)).toEqual(["a", "b", "c"]);
  const asked = seen.map(({ headers }) => headers["last-event-id"]);
  expect(asked).toEqual([undefined, "1-0", "1-0", "1-0", "2-0"]);
  expect(notes.join("\n")).toContain("redis_away");
});

test("a connection that breaks before the first event is taken up where it began", async () => {
  const { client, seen } = await scriptedServer(
    (_, response) => {
      stream(response).write("retry: 3000\nid: 5-0\n\n", () => response.destroy());
    },
    (_, response) => {
      stream(response).write("id: 6-0\nevent: a\ndata: {}\n\n");
    },
  );
  expect(await take(followEvents(client, {}, follow), 1)).toMatchObject([{ id: "6-0" }]);
  expect(seen.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "5-0"]);
});

test("heartbeats are told", async () => {
  const { client } = await scriptedServer((_, response) => {
    stream(response).write(": heartbeat\n\n: heartbeat\n\nid: 1-0\nevent: a\ndata: {}\n\n");
  });
  let heartbeats = 0;
  const onHeartbeat = (): void => {
    heartbeats += 1;
  };
  await take(followEvents(client, {}, { ...follow, onHeartbeat }), 1);
  expect(heartbeats).toBe(2);
});

test("events before are asked for by their id", async () => {
  const { client, seen } = await scriptedServer((_, response) => {
    stream(response).write("event: gap\ndata:\n\nid: 8-0\nevent: a\ndata: {}\n\n");
  });
  const events = followEvents(client, {}, { ...follow, after: "7-0" });
  expect((await take(events, 1))[0]?.type).toBeOneOf(["gap", "a"]);
  expect(seen[0]?.headers["last-event-id"]).toBe("7-0");
});

test.each([
  [403, "client_forbidden", "login"],
  [400, "request_invalid", "refused"],
])("a refusal by %i ends it", async (status, code, kind) => {
  const { client } = await scriptedServer((_, response) => problem(response, status, code));
  await expect(take(followEvents(client, {}, follow), 1)).rejects.toMatchObject({ kind, code });
});

test("it ends with the signal's reason", async () => {
  const stop = new AbortController();
  const { client } = await scriptedServer((_, response) => {
    stream(response).flushHeaders();
    stop.abort(new Error("stopped"));
  });
  const events = followEvents(client, {}, { ...follow, signal: stop.signal });
  await expect(take(events, 1)).rejects.toThrow("stopped");
});

test.each([
  [
    "a server without the route",
    (_: unknown, response: ServerResponse) => problem(response, 404, "route_not_found"),
  ],
  ["a proxy that keeps the head back", () => undefined],
  [
    "a proxy that keeps the body back",
    (_: unknown, response: ServerResponse) => stream(response).flushHeaders(),
  ],
])("%s has no events", async (_what, answer) => {
  const { client } = await scriptedServer(answer);
  const events = followEvents(client, {}, { ...follow, silenceMs: 50 });
  await expect(take(events, 1)).rejects.toMatchObject({ kind: "no-events" });
});
