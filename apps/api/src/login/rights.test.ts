/** Every route of `/v1` against every scope, and against things that belong to somebody else. */
import type { Scope } from "@headgate/core";
import type { Producer } from "@headgate/orchestrator/producer";
import type { HTTPMethods, LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf, createTestApi, loadBody, type TestApi } from "../api.test-support.ts";
import { openTestDoors } from "../doors.test-support.ts";

/** Which scopes open a route to what is not the client's own; `own` needs one and then shows 404. */
const open: Readonly<Record<string, readonly Scope[] | "any">> = {
  "POST /v1/loads": ["enqueue"],
  "POST /v1/loads/batch": ["enqueue"],
  "GET /v1/loads": ["enqueue", "read"],
  "GET /v1/loads/:id": ["enqueue", "read"],
  "GET /v1/loads/:id/parts": ["enqueue", "read"],
  "GET /v1/loads/:id/findings": ["enqueue", "read"],
  "DELETE /v1/loads/:id": ["enqueue", "operate"],
  "POST /v1/loads/:id/cancel": ["enqueue", "operate"],
  "POST /v1/loads/:id/retry": ["enqueue", "operate"],
  "POST /v1/files": ["enqueue"],
  "POST /v1/plans": ["enqueue"],
  "GET /v1/errands/:id": "any",
  "POST /v1/schedules": ["admin"],
  "GET /v1/schedules": ["read"],
  "GET /v1/schedules/:name": ["read"],
  "DELETE /v1/schedules/:name": ["admin"],
  "POST /v1/schedules/:name/pause": ["operate"],
  "POST /v1/schedules/:name/resume": ["operate"],
  "GET /v1/schedules/:name/next": ["read"],
  "POST /v1/schedules/:name/run": ["operate"],
  "POST /v1/schedules/:name/backfill": ["operate"],
  "POST /v1/schedules/:name/test": ["read", "operate"],
  "GET /v1/schedules/:name/runs": ["read"],
  "GET /v1/runs/:id": ["read"],
  "POST /v1/runs/:id/cancel": ["operate"],
  "GET /v1/quota": ["read"],
  "GET /v1/bulk-jobs": ["read"],
  "GET /v1/bulk-jobs/:id": ["read"],
  "POST /v1/bulk-jobs/:id/abort": ["operate"],
  "POST /v1/bulk-jobs/observe": ["operate"],
  "POST /v1/reap": ["operate"],
  "GET /v1/events": ["enqueue", "read"],
  "GET /v1/whoami": "any",
};

const each: readonly Scope[] = ["enqueue", "read", "operate", "admin"];
let doors: Producer;
let api: TestApi;
const routes: string[] = [];

beforeAll(async () => {
  doors = await openTestDoors(["default", "emea"]);
  api = createTestApi({
    doors,
    // A stream would not end.
    limits: { streamsPerClient: 0 },
    clients: [
      ...each.map((scope) => clientOf(scope, scope, { scopes: [scope] })),
      clientOf("owner", "owner", { scopes: ["enqueue"] }),
      clientOf("owner-emea", "owner-emea", { connections: ["emea"] }),
      clientOf("all-default", "all-default", { connections: ["default"] }),
      clientOf("admin-all", "admin-all"),
    ],
  });
  api.app.addHook("onRoute", ({ method, url, schema }) => {
    for (const one of [method].flat())
      if (url.startsWith("/v1/") && one !== "HEAD" && schema?.hide !== true)
        routes.push(`${one} ${url}`);
  });
  await api.app.ready();
});
afterAll(async () => {
  await api.app.close();
  await doors.close();
});

async function send(
  key: string,
  route: string,
  { id = "default.0", payload }: { readonly id?: string; readonly payload?: object } = {},
): Promise<LightMyRequestResponse> {
  const [method = "", url = ""] = route.split(" ");
  return await api.app.inject({
    method: method as HTTPMethods as "GET",
    url: url.replace(/:(id|name)/, id),
    headers: { authorization: `Bearer ${key}` },
    ...(payload === undefined ? {} : { payload }),
  });
}

it("is tested for every route", () => {
  expect([...new Set(routes)].toSorted()).toEqual(Object.keys(open).toSorted());
});

describe.each(Object.entries(open))("%s", (route, scopes) => {
  it("is closed to every client without one of its scopes, and only to them", async () => {
    for (const scope of each) {
      const answer = await send(scope, route, { id: "nothing-here" });
      const isOpen = scopes === "any" || scopes.includes(scope);
      const code = answer.statusCode < 400 ? "" : answer.json<{ code: string }>().code;
      expect([scope, code === "client_forbidden"]).toEqual([scope, !isOpen]);
    }
  });
});

describe("what belongs to somebody else", () => {
  it("looks like what is not there, to a client that may only enqueue", async () => {
    const own = (await send("owner", "POST /v1/loads", { payload: loadBody })).json().id;
    const foreign = (await send("admin-all", "POST /v1/loads", { payload: loadBody })).json().id;
    const plan = (await send("admin-all", "POST /v1/plans", { payload: loadBody })).json().id;
    for (const route of [
      "GET /v1/loads/:id",
      "GET /v1/loads/:id/parts",
      "GET /v1/loads/:id/findings",
      "DELETE /v1/loads/:id",
      "POST /v1/loads/:id/cancel",
      "POST /v1/loads/:id/retry",
    ])
      await expectUnknown("owner", route, foreign);
    await expectUnknown("owner", "GET /v1/errands/:id", plan);
    expect((await send("owner", "GET /v1/loads/:id", { id: own })).statusCode).toBe(200);
    const ids = (await send("owner", "GET /v1/loads"))
      .json()
      .loads.map((l: { id: string }) => l.id);
    expect(ids).toEqual([own]);
    const asked = await send("owner", "GET /v1/loads?principal=admin-all");
    expect(asked.json()).toEqual({ loads: [] });
    expect((await send("owner", "DELETE /v1/loads/:id", { id: own })).statusCode).toBe(200);
    expect((await send("read", "GET /v1/loads/:id", { id: foreign })).statusCode).toBe(200);
    const operated = await send("operate", "POST /v1/loads/:id/cancel", { id: foreign });
    expect(operated.json()).toMatchObject({ id: foreign, state: "cancelled" });
  });

  it("looks so to a client of other connections, whatever its scopes", async () => {
    const payload = { ...loadBody, connection: "emea" };
    const load = (await send("owner-emea", "POST /v1/loads", { payload })).json().id;
    const schedule = {
      ...{ name: "nightly", connection: "emea", cron: "0 2 * * *" },
      targets: [{ sourceName: "web", object: "order", source: { prefix: "s3://bucket/x/" } }],
    };
    const made = await send("owner-emea", "POST /v1/schedules", { payload: schedule });
    expect(made.statusCode).toBe(201);
    const run = (
      await send("owner-emea", "POST /v1/schedules/:name/run", { id: "nightly" })
    ).json();
    expect(run.connection).toBe("emea");
    for (const [route, id] of [
      ...Object.keys(open).flatMap((route) => (route.includes("loads/:id") ? [[route, load]] : [])),
      ...Object.keys(open).flatMap((route) =>
        route.includes(":name") ? [[route, "nightly"]] : [],
      ),
      ["GET /v1/runs/:id", run.id],
      ["POST /v1/runs/:id/cancel", run.id],
    ] as const) {
      const payload = route?.endsWith("backfill")
        ? { from: "2026-01-01", to: "2026-01-02" }
        : undefined;
      await expectUnknown("all-default", route ?? "", id, payload);
    }
    expect((await send("all-default", "GET /v1/schedules")).json()).toEqual({ schedules: [] });
    const quotas = (await send("all-default", "GET /v1/quota")).json().quotas;
    expect(quotas.map((quota: { connection: string }) => quota.connection)).toEqual(["default"]);
    for (const route of ["/v1/loads", "/v1/quota", "/v1/bulk-jobs", "/v1/schedules"]) {
      const asked = await send("all-default", `GET ${route}?connection=emea`);
      expect([route, asked.statusCode]).toEqual([route, 403]);
    }
    for (const route of ["POST /v1/bulk-jobs/observe", "POST /v1/reap"]) {
      const asked = await send("all-default", `${route}?connection=emea`);
      expect([route, asked.statusCode]).toEqual([route, 403]);
    }
    for (const route of ["POST /v1/loads", "POST /v1/plans"]) {
      const asked = await send("all-default", route, { payload });
      expect([route, asked.json().code]).toEqual([route, "client_forbidden"]);
    }
  });
});

/** A foreign id is answered as an unknown one is, but for the id itself. */
async function expectUnknown(
  key: string,
  route: string,
  id: string | undefined,
  payload?: object,
): Promise<void> {
  const unknown = "default.00000000000000000000";
  const ask = async (one: string) => {
    const answer = await send(key, route, { id: one, ...(payload && { payload }) });
    const { requestId: _, ...problem } = answer.json<Record<string, unknown>>();
    return JSON.stringify([route, answer.statusCode, problem]).replaceAll(one, "ID");
  };
  const told = await ask(id ?? "");
  expect(told).toContain("404");
  expect(told).toBe(await ask(route.includes(":name") ? "unknown" : unknown));
}
