import { BulkError } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { createTestApi, loadBody, testKey, testPrincipal } from "./api.test-support.ts";

describe("POST /v1/loads", () => {
  it("answers 202 with the load and its place", async () => {
    const { call, loads } = createTestApi();
    const answer = await call({ method: "POST", url: "/v1/loads", payload: loadBody });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toBe("/v1/loads/default.1");
    expect(answer.headers["idempotent-replayed"]).toBeUndefined();
    expect(answer.json()).toMatchObject({
      id: "default.1",
      state: "accepted",
      principal: testPrincipal,
      via: "http",
      source: { uri: "s3://bucket/orders.csv" },
    });
    expect(loads.accepted).toEqual([
      {
        request: { ...loadBody, connection: "default" },
        caller: { principal: testPrincipal, via: "http", access: expect.anything() },
      },
    ]);
  });

  it("makes one load of a request that is sent twice with one key, and flags the repeat", async () => {
    const { call, loads } = createTestApi();
    const send = (key: string) =>
      call({
        method: "POST",
        url: "/v1/loads",
        payload: loadBody,
        headers: { "idempotency-key": key },
      });
    const first = await send("k-1");
    const second = await send('"k-1"');
    expect(second.statusCode).toBe(202);
    expect(second.headers["idempotent-replayed"]).toBe("true");
    expect(second.headers.location).toBe(first.headers.location);
    expect(second.json()).toEqual(first.json());
    expect(loads.accepted).toHaveLength(1);
  });

  it("answers 422 where a key comes again with another body", async () => {
    const { call } = createTestApi();
    const headers = { "idempotency-key": "k-1" };
    await call({ method: "POST", url: "/v1/loads", payload: loadBody, headers });
    const other = await call({
      ...{ method: "POST", url: "/v1/loads", headers },
      payload: { ...loadBody, object: "customer" },
    });
    expect(other.statusCode).toBe(422);
    expect(other.json()).toMatchObject({ code: "idempotency_conflict" });
  });

  it("answers 400 to an idempotency key with blanks", async () => {
    const { call, loads } = createTestApi();
    const headers = { "idempotency-key": "two words" };
    const answer = await call({ method: "POST", url: "/v1/loads", payload: loadBody, headers });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ fields: { field: "idempotency-key" } });
    expect(loads.accepted).toEqual([]);
  });

  it("names every fault of a request, the value seen and the value allowed", async () => {
    const { call } = createTestApi();
    const payload = { ...loadBody, object: "no such name!", operation: "insert", surprise: 1 };
    const answer = await call({ method: "POST", url: "/v1/loads", payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "request_invalid", fields: { faults: 3 } });
    expect(answer.json().detail).toBe(
      "the body is not valid: " +
        'object: must match /^[A-Za-z0-9_-]{1,80}$/ (seen: "no such name!"); ' +
        'operation: must be one of upsert, delete (seen: "insert"); ' +
        "surprise: is not a property that it has",
    );
  });

  it("answers 422 to a connection that is not configured", async () => {
    const { call } = createTestApi();
    const payload = { ...loadBody, connection: "sandbox" };
    const answer = await call({ method: "POST", url: "/v1/loads", payload });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      code: "unknown_connection",
      fields: { connection: "sandbox" },
    });
  });
});

describe("GET /v1/loads", () => {
  it("pages through loads, newest first, until there is no cursor", async () => {
    const { call, newLoad } = createTestApi();
    const ids = [await newLoad(), await newLoad(), await newLoad()];
    const first = await call({ url: "/v1/loads?limit=2" });
    expect(first.statusCode).toBe(200);
    const { loads, nextCursor } = first.json();
    expect(loads.map((load: { id: string }) => load.id)).toEqual([ids[2], ids[1]]);
    const second = await call({ url: `/v1/loads?limit=2&cursor=${nextCursor}` });
    expect(second.json().loads.map((load: { id: string }) => load.id)).toEqual([ids[0]]);
    expect(second.json()).not.toHaveProperty("nextCursor");
  });

  it("filters by state and connection", async () => {
    const { call, loads, newLoad } = createTestApi();
    const id = await newLoad();
    await newLoad();
    loads.move(id, { state: "complete" });
    const answer = await call({ url: "/v1/loads?state=complete&connection=default" });
    expect(answer.json().loads).toHaveLength(1);
    expect(answer.json().loads[0]).toMatchObject({ id, state: "complete" });
  });

  it.each([
    "limit=0",
    "limit=101",
    "limit=ten",
    "state=done",
    "connection=A",
    "cursor=",
    "cursor=nonsense",
    "stat=complete",
    "limit=1&limit=2",
    "since=2026-02-01&until=2026-01-01",
    "since=2026-02-01&until=2026-02-01",
  ])("answers 400 to ?%s", async (query) => {
    const { call } = createTestApi();
    const answer = await call({ url: `/v1/loads?${query}` });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "request_invalid" });
  });
});

describe("GET and DELETE /v1/loads/{id}", () => {
  it("shows a load with its bulk jobs", async () => {
    const { call, newLoad } = createTestApi();
    const answer = await call({ url: `/v1/loads/${await newLoad()}` });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id: "default.1", bulkJobs: [] });
  });

  it.each(["GET", "DELETE"] as const)(
    "%s answers 404 for a load that is not there",
    async (method) => {
      const { call } = createTestApi();
      const absent = await call({ method, url: "/v1/loads/default.9" });
      expect(absent.statusCode).toBe(404);
      expect(absent.json()).toMatchObject({
        code: "load_not_found",
        fields: { load: "default.9" },
      });
      const impossible = await call({ method, url: "/v1/loads/a%20b" });
      expect(impossible.statusCode).toBe(404);
      expect(impossible.json()).toMatchObject({ code: "load_not_found" });
    },
  );

  it("cancels a load, and answers 409 where it is too late", async () => {
    const { call, loads, newLoad } = createTestApi();
    const id = await newLoad();
    const cancelled = await call({ method: "DELETE", url: `/v1/loads/${id}` });
    expect(cancelled.statusCode).toBe(200);
    expect(cancelled.json()).toMatchObject({ id, state: "cancelled" });
    loads.move(id, { state: "complete" });
    const late = await call({ method: "DELETE", url: `/v1/loads/${id}` });
    expect(late.statusCode).toBe(409);
    expect(late.json()).toMatchObject({ code: "load_state", fields: { state: "complete" } });
  });
});

describe("GET /v1/quota", () => {
  it("shows slots and permits of all connections or of one", async () => {
    const { call } = createTestApi();
    const all = await call({ url: "/v1/quota" });
    expect(all.statusCode).toBe(200);
    expect(all.json().quotas).toHaveLength(1);
    expect(all.json().quotas[0].slots).toMatchObject({ limit: 20, used: 3 });
    expect((await call({ url: "/v1/quota?connection=default" })).json()).toEqual(all.json());
    expect((await call({ url: "/v1/quota?connection=sandbox" })).statusCode).toBe(422);
    expect((await call({ url: "/v1/quota?conn=default" })).statusCode).toBe(400);
  });
});

describe("login", () => {
  const routes = [
    { method: "POST", url: "/v1/loads" },
    { method: "GET", url: "/v1/loads" },
    { method: "GET", url: "/v1/loads/default.1" },
    { method: "DELETE", url: "/v1/loads/default.1" },
    { method: "GET", url: "/v1/quota" },
    { method: "PUT", url: "/v1/loads" },
  ] as const;

  it.each(routes)("closes $method $url to who has no key", async (route) => {
    const { app, loads } = createTestApi();
    const without = await app.inject(route);
    expect(without.statusCode).toBe(401);
    expect(without.headers["www-authenticate"]).toBe('Bearer realm="headgate"');
    expect(without.json()).toMatchObject({ code: "unauthenticated" });
    const wrong = await app.inject({ ...route, headers: { authorization: "Bearer headgate_x" } });
    expect(wrong.statusCode).toBe(401);
    expect(wrong.headers["www-authenticate"]).toContain('error="invalid_token"');
    expect(wrong.body).not.toContain("headgate_x");
    expect(loads.accepted).toEqual([]);
  });

  it.each(["Basic abc", `Bearer  `, "Bearer", `Bearer ${"x".repeat(300)}`, testKey])(
    "takes no header like %j",
    async (authorization) => {
      const { app } = createTestApi();
      const answer = await app.inject({ url: "/v1/loads", headers: { authorization } });
      expect(answer.statusCode).toBe(401);
    },
  );
});

describe("health", () => {
  it("is alive and ready without a login", async () => {
    const { app } = createTestApi();
    expect((await app.inject("/livez")).json()).toEqual({ status: "ok" });
    const ready = await app.inject("/readyz");
    expect(ready.statusCode).toBe(200);
    expect(ready.json()).toEqual({ status: "ready", checks: { redis: "ok", serving: "ok" } });
  });

  it("is alive but not ready while Redis is away, and names the failed check", async () => {
    const { app, loads } = createTestApi();
    loads.away = true;
    expect((await app.inject("/livez")).statusCode).toBe(200);
    const unready = await app.inject("/readyz");
    expect(unready.statusCode).toBe(503);
    expect(unready.json()).toEqual({
      status: "unready",
      checks: { redis: "redis_away", serving: "ok" },
    });
  });

  it("does not wait for ever on a Redis that does not answer", async () => {
    const { loads } = createTestApi();
    const silent = { ...loads, ping: () => new Promise<void>(() => {}) };
    const { app } = createTestApi({ doors: { loads: silent }, limits: { readinessMs: 1 } });
    const unready = await app.inject("/readyz");
    expect(unready.statusCode).toBe(503);
    expect(unready.json().checks.redis).toBe("timeout");
  });
});

describe("problems", () => {
  it("are problem+json with a stable type, and carry the request id", async () => {
    const { call } = createTestApi();
    const headers = { "x-request-id": "run-42" };
    const answer = await call({ url: "/v1/loads/default.9", headers });
    expect(answer.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    expect(answer.headers["x-request-id"]).toBe("run-42");
    expect(answer.json()).toEqual({
      type: "/problems/load_not_found",
      title: "there is no load with this id",
      status: 404,
      detail: 'there is no load "default.9"',
      code: "load_not_found",
      fields: { load: "default.9" },
      requestId: "run-42",
    });
  });

  it("replaces a request id that is not plain", async () => {
    const { call } = createTestApi();
    const answer = await call({ url: "/v1/quota", headers: { "x-request-id": "a b<script>" } });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("answers 503 with Retry-After while Redis is away", async () => {
    const { call, loads } = createTestApi();
    loads.away = true;
    const answer = await call({ method: "POST", url: "/v1/loads", payload: loadBody });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toMatchObject({ code: "redis_away" });
  });

  it("answers 503 to a request that takes too long", async () => {
    const { loads } = createTestApi();
    const silent = { ...loads, get: () => new Promise<undefined>(() => {}) };
    const { call } = createTestApi({ doors: { loads: silent }, limits: { handlerTimeoutMs: 1 } });
    const answer = await call({ url: "/v1/loads/default.1" });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toMatchObject({ code: "timeout" });
  });

  it("shows nothing of an error that a caller cannot act on", async () => {
    const { call, loads } = createTestApi();
    for (const error of [
      new Error("ECONNREFUSED secret-host"),
      new BulkError("ERR_LEDGER_FENCED", "secret-host"),
    ]) {
      loads.failNextWith(error);
      const answer = await call({ method: "POST", url: "/v1/loads", payload: loadBody });
      expect(answer.statusCode).toBe(500);
      expect(answer.json()).toMatchObject({ code: "internal", fields: {} });
      expect(answer.body).not.toContain("secret-host");
    }
  });

  it("answers 404 to an unknown path and 405 with Allow to an unknown method", async () => {
    const { app, call } = createTestApi();
    const unknown = await call({ url: "/v2/loads" });
    expect(unknown.statusCode).toBe(404);
    expect(unknown.json()).toMatchObject({ code: "route_not_found" });
    for (const [method, url, allow] of [
      ["PUT", "/v1/loads", "GET, HEAD, POST"],
      ["PATCH", "/v1/loads/default.1", "DELETE, GET, HEAD"],
      ["POST", "/v1/quota", "GET, HEAD"],
    ] as const) {
      const answer = await call({ method, url, payload: "x", headers: { "content-type": "a/b" } });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers.allow).toBe(allow);
      expect(answer.json()).toMatchObject({ code: "method_not_allowed" });
    }
    expect((await app.inject({ method: "POST", url: "/livez" })).statusCode).toBe(405);
  });

  it.each([
    ["no JSON", "application/json", '{"sourceName": hunter2', 400, "body_malformed"],
    ["nothing", "application/json", "", 400, "body_malformed"],
    ["a prototype", "application/json", '{"__proto__": {}}', 400, "body_malformed"],
    ["plain text", "text/plain", "{}", 415, "media_type"],
    ["a form", "application/x-www-form-urlencoded", "a=b", 415, "media_type"],
    ["a tab in the type", "application/json\ta", "{}", 415, "media_type"],
    ["a type that only starts so", "application/jsonx", "{}", 415, "media_type"],
    ["too much", "application/json", `"${"x".repeat(256 * 1024)}"`, 413, "body_too_large"],
  ])("refuses a body of %s", async (_what, type, payload, status, code) => {
    const { call } = createTestApi();
    const headers = { "content-type": type };
    const answer = await call({ method: "POST", url: "/v1/loads", payload, headers });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ code });
    expect(answer.body).not.toContain("hunter2");
  });

  it("answers a path that cannot be decoded as a malformed request", async () => {
    const { call } = createTestApi();
    const answer = await call({ url: "/v1/loads/%zz" });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "bad_request" });
  });

  it("forbids caching, sniffing and framing on every answer", async () => {
    const { call } = createTestApi();
    for (const url of ["/v1/loads", "/livez", "/nowhere"])
      expect((await call({ url })).headers).toMatchObject({
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
  });
});
