import type { Producer } from "@headgate/orchestrator/producer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf, createTestApi, type TestApi } from "../api.test-support.ts";
import { openTestDoors } from "../doors.test-support.ts";

let doors: Producer;
let api: TestApi;

beforeAll(async () => {
  doors = await openTestDoors(["default", "emea"]);
  api = createTestApi({
    doors,
    clients: [
      clientOf("all", "all"),
      clientOf("emea", "emea", { connections: ["emea"] }),
      clientOf("both", "both", { connections: ["default", "emea"] }),
    ],
  });
});
afterAll(async () => {
  await api.app.close();
  await doors.close();
});

const body = {
  cron: "0 2 * * *",
  targets: [{ sourceName: "crm", object: "orders", source: { prefix: "s3://lake/{yyyy-MM-dd}/" } }],
};

async function call(method: "GET" | "POST" | "DELETE", path: string, more: Partial<Call> = {}) {
  const { key = "all", payload, headers } = more;
  return await api.call({
    ...{ method, url: `/v1/schedules${path}` },
    ...(payload === undefined ? {} : { payload }),
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
}
interface Call {
  readonly key: string;
  readonly payload: object;
  readonly headers: Readonly<Record<string, string>>;
}

async function make(name: string, connection = "default"): Promise<void> {
  const answer = await call("POST", "", { payload: { ...body, name, connection } });
  expect(answer.statusCode).toBe(201);
}

describe("a schedule", () => {
  it("is made at a place of its own, paused, resumed and deleted", async () => {
    const answer = await call("POST", "", { payload: { ...body, name: "nightly" } });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.location).toBe("/v1/schedules/default.nightly");
    expect(answer.json()).toMatchObject({ name: "nightly", origin: "api", paused: false });
    for (const [word, paused] of [
      ["pause", true],
      ["pause", true],
      ["resume", false],
    ] as const)
      expect((await call("POST", `/nightly/${word}`)).json()).toMatchObject({ paused });
    expect((await call("GET", "/nightly/next?count=3")).json().nextRuns).toHaveLength(3);
    expect((await call("DELETE", "/default.nightly")).statusCode).toBe(204);
    expect((await call("GET", "/nightly")).json()).toMatchObject({ code: "schedule_not_found" });
  });

  it("is made once, and again only by a key and the very same words", async () => {
    await make("once");
    const headers = { "idempotency-key": "k" };
    const same = { ...body, name: "once" };
    const twice = await call("POST", "", { payload: same });
    expect(twice.json()).toMatchObject({ status: 409, code: "schedule_exists" });
    expect(twice.headers.location).toBeUndefined();
    const again = await call("POST", "", { payload: same, headers });
    expect(again.statusCode).toBe(201);
    expect(again.headers).toMatchObject({
      "idempotent-replayed": "true",
      location: "/v1/schedules/default.once",
    });
    for (const other of [
      { payload: { ...same, cron: "0 3 * * *" } },
      { payload: same, key: "both" },
    ])
      expect((await call("POST", "", { ...other, headers })).statusCode).toBe(409);
  });

  it.each([
    ["without a name", { name: undefined }],
    ["of a name with a colon", { name: "a:runs" }],
    ["of a name of 49 characters", { name: "a".repeat(49) }],
    ["of a cron that never comes", { cron: "0 0 30 2 *" }],
    ["of a cron with an H", { cron: "H 2 * * *" }],
    ["of an unknown time zone", { timeZone: "Europe/Nowhere" }],
    ["without a target", { targets: [] }],
    ["of 101 targets", { targets: Array.from({ length: 101 }, () => body.targets[0]) }],
    ["of an unknown date pattern", withSource({ prefix: "s3://lake/{hh}/" })],
    ["with a gate beside a glob", withSource({ glob: "s3://lake/*" }, { gate: { file: "_OK" } })],
    [
      "with a gate in another folder",
      withSource({ prefix: "s3://l/" }, { gate: { file: "../x" } }),
    ],
    ["with a property too many", { owner: "root" }],
    ["of negative patience", { waitSeconds: -1 }],
  ])("%s is refused, and nothing is made", async (_what, changes) => {
    const answer = await call("POST", "", { payload: { ...body, name: "wrong", ...changes } });
    expect(answer.json()).toMatchObject({ status: 400, code: "request_invalid" });
    expect(answer.headers.location).toBeUndefined();
    expect((await call("GET", "/wrong")).statusCode).toBe(404);
  });

  it.each(["a:runs", "a.b.c", "..", "A", "a".repeat(49), "%00", "a%2fb"])(
    "is not there under %s",
    async (name) => {
      expect((await call("GET", `/${name}`)).statusCode).toBe(404);
    },
  );
});

describe("a name that two connections have", () => {
  it("means the client's own, and names no other connection", async () => {
    for (const connection of ["default", "emea"]) await make("same", connection);
    const own = await call("GET", "/same", { key: "emea" });
    expect(own.json()).toMatchObject({ name: "same", spec: { connection: "emea" } });
    expect((await call("GET", "/default.same", { key: "emea" })).statusCode).toBe(404);
    const either = await call("GET", "/same", { key: "both" });
    expect(either.json()).toMatchObject({ status: 400, code: "request_invalid" });
    expect(either.json().detail).toContain("default.same, emea.same");
    await call("POST", "/same/pause", { key: "emea" });
    expect((await call("GET", "/emea.same")).json()).toMatchObject({ paused: true });
    expect((await call("GET", "/default.same")).json()).toMatchObject({ paused: false });
    const run = await call("POST", "/same/run", { key: "emea", payload: {} });
    expect(run.json()).toMatchObject({ schedule: "same", connection: "emea" });
    expect((await call("DELETE", "/same", { key: "emea" })).statusCode).toBe(204);
    expect((await call("GET", "/same")).json()).toMatchObject({ spec: { connection: "default" } });
  });
});

function withSource(source: object, more: object = {}) {
  return { targets: [{ sourceName: "crm", object: "orders", source, ...more }] };
}
