import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { problem, scriptedServer } from "../api/scripted-server.test-support.ts";
import { pollLoads } from "./poll-loads.ts";

const none = { planned: 0, uploaded: 0, settled: 0 };

function load(id: string, state: string) {
  return {
    ...{ id, state, connection: "default", sourceName: "web", object: "order" },
    ...{ operation: "upsert", principal: "cli", acceptedAt: "2026-01-01T00:00:00Z" },
    ...{ sourceObjects: 1, parts: none, bytes: none, records: none },
  };
}

function page(...loads: readonly object[]) {
  return (_: IncomingMessage, response: ServerResponse): void => {
    response.end(JSON.stringify({ loads }));
  };
}

test("loads that change are told, oldest first, over an API that is away", async () => {
  const { client } = await scriptedServer(
    page(load("default.1", "waiting")),
    page(load("default.3", "accepted"), load("default.2", "failed"), load("default.1", "waiting")),
    (request) => void request.socket.destroy(),
    page(load("default.3", "accepted"), load("default.2", "failed"), load("default.1", "loading")),
    (_, response) => problem(response, 401, "unauthenticated"),
  );
  const terminal = { answer() {}, probe() {}, note() {}, failure() {}, progress() {} };
  const { signal } = new AbortController();
  const told: string[] = [];
  const polled = pollLoads({ client, terminal, signal }, { signal, pollMs: 1 });
  const all = (async () => {
    for await (const { data } of polled) told.push(`${data.id} ${data.state}`);
  })();
  await expect(all).rejects.toMatchObject({ kind: "login" });
  expect(told).toEqual(["default.2 failed", "default.3 accepted", "default.1 loading"]);
});
