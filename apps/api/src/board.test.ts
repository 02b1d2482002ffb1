import { randomBytes } from "node:crypto";
import { Secret } from "@headgate/core";
import { createProducer, type Producer } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createTestApi, testKey } from "./api.test-support.ts";
import type { BoardQueue } from "./board.ts";

const board = { user: "ops", password: new Secret("open: sesame") };
const login = { authorization: `Basic ${btoa("ops:open: sesame")}` };

let producer: Producer;
let boardQueues: readonly BoardQueue[];

beforeAll(async () => {
  producer = await createProducer({
    redisUrl: inject("redisUrl"),
    prefix: `test-${randomBytes(6).toString("hex")}`,
    connections: ["default"],
    emit: () => undefined,
  });
  const { loads, bulkJobs, runs, errands, upkeep } = producer.queues;
  boardQueues = [loads, bulkJobs, runs, errands, upkeep];
});
afterAll(() => producer.close());

describe("the board", () => {
  it.each([
    "/board",
    "/board/",
    "/board/queue/bulk-jobs",
    "/board/api/queues",
    "/board/api/redis/stats",
    "/board/static/favicon.ico",
  ])("closes %s to who does not log in", async (url) => {
    const { app } = createTestApi({ board, boardQueues });
    for (const authorization of [
      undefined,
      `Basic ${btoa("ops:wrong")}`,
      `Basic ${btoa("ops")}`,
      "Basic %%%",
      `Bearer ${testKey}`,
    ]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await app.inject({ url, headers });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers["www-authenticate"]).toMatch(/^Basic realm="headgate board"/);
      expect(answer.json()).toMatchObject({ code: "unauthenticated" });
    }
  });

  it.each([
    ["PUT", "/board/api/queues/bulk-jobs/pause"],
    ["PUT", "/board/api/queues/bulk-jobs/1/retry"],
    ["POST", "/board/api/queues/bulk-jobs/add"],
  ] as const)("closes %s %s to who does not log in", async (method, url) => {
    const { app } = createTestApi({ board: { ...board, operate: true }, boardQueues });
    expect((await app.inject({ method, url })).statusCode).toBe(401);
  });

  it("shows its page and its API to who logs in", async () => {
    const { app } = createTestApi({ board, boardQueues });
    const page = await app.inject({ url: "/board", headers: login });
    expect(page.statusCode).toBe(200);
    expect(page.headers["content-type"]).toMatch(/^text\/html/);
    expect(page.body).toContain("headgate tasks");
    expect(page.body).not.toContain("googleapis");
    const queues = await app.inject({ url: "/board/api/queues", headers: login });
    expect(queues.statusCode).toBe(200);
    expect(queues.json().queues).toMatchObject([
      { name: "loads", readOnlyMode: true },
      { name: "bulk-jobs", readOnlyMode: true },
      { name: "runs", readOnlyMode: true },
      { name: "errands", readOnlyMode: true },
      { name: "upkeep", readOnlyMode: true },
    ]);
    const script = /src="(static\/js\/main[^"]*)"/.exec(page.body)?.[1];
    const file = await app.inject({ url: `/board/${script}`, headers: login });
    expect(file.statusCode).toBe(200);
  });

  it("shows a task's name, data, progress and log lines", async () => {
    const { app } = createTestApi({ board, boardQueues });
    const data = { connection: "default", loadId: "default.1" };
    const task = await producer.queues.loads.add("upsert web/order", data, { jobId: "default.1" });
    await task.updateProgress({ parts: "1 uploaded of 2" });
    await task.log("load.planned parts=2");
    const url = "/board/api/queues/loads/default.1";
    const shown = await app.inject({ url, headers: login });
    expect(shown.json().job).toMatchObject({
      name: "upsert web/order",
      data,
      progress: { parts: "1 uploaded of 2" },
    });
    const log = await app.inject({ url: `${url}/logs`, headers: login });
    expect(log.json()).toEqual(["load.planned parts=2"]);
  });

  it("shows of a task's data what headgate puts there, and nothing that others did", async () => {
    const { app } = createTestApi({ board, boardQueues });
    const data = { connection: "default", loadId: "default.2", seal: "s", password: "canary" };
    await producer.queues.loads.add("t", data, { jobId: "default.2" });
    const url = "/board/api/queues/loads/default.2";
    const shown = await app.inject({ url, headers: login });
    expect(shown.json().job.data).toEqual({ connection: "default", loadId: "default.2" });
    expect(shown.body).not.toContain("canary");
  });

  it("gives script in a task's name, key or error to the browser as data, never as a page", async () => {
    const { app } = createTestApi({ board, boardQueues });
    const script = "<script>alert(1)</script>";
    const data = { connection: script, loadId: "default.3" };
    const task = await producer.queues.loads.add(script, data, { jobId: "default.3" });
    await task.log(`load.ended message=${script}`);
    for (const path of ["", "/logs"]) {
      const url = `/board/api/queues/loads/default.3${path}`;
      const { headers, body } = await app.inject({ url, headers: login });
      expect(body).toContain("alert(1)");
      expect(headers["content-type"]).toMatch(/^application\/json/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
    }
    const page = await app.inject({ url: "/board/queue/loads/default.3", headers: login });
    expect(page.body).not.toContain("alert(1)");
  });

  it("closes every route of it to who does not log in, and lets readers change nothing", async () => {
    const { app } = createTestApi({ board, boardQueues });
    const { app: operated } = createTestApi({ board: { ...board, operate: true }, boardQueues });
    const routes = await boardRoutes(app);
    expect(routes.length).toBeGreaterThan(20);
    const foreign = { ...login, "sec-fetch-site": "cross-site" };
    for (const { method, url } of routes) {
      const at = `${method} ${url}`;
      const statusOf = async (api: typeof app, headers: Record<string, string>) =>
        (await api.inject({ method, url, headers })).statusCode;
      for (const api of [app, operated]) {
        expect(await statusOf(api, {}), at).toBe(401);
        expect(await statusOf(api, { authorization: `Bearer ${testKey}` }), at).toBe(401);
      }
      if (method === "GET" || method === "HEAD") continue;
      expect(await statusOf(app, login), at).toBe(405);
      expect(await statusOf(operated, foreign), at).toBe(403);
    }
  });

  it.each([
    ["PUT", "/board/api/queues/bulk-jobs/pause"],
    ["PUT", "/board/api/queues/bulk-jobs/1/retry"],
    ["PUT", "/board/api/queues/bulk-jobs/obliterate"],
    ["POST", "/board/api/queues/bulk-jobs/add"],
    ["PUT", "/board/api/queues/bulk-jobs/1/clean"],
  ] as const)("answers 405 to %s %s unless operating is switched on", async (method, url) => {
    const { app } = createTestApi({ board, boardQueues });
    const answer = await app.inject({ method, url, headers: login, payload: {} });
    expect(answer.statusCode).toBe(405);
    expect(await producer.queues.bulkJobs.getJobCountByTypes()).toBe(0);
  });

  it("lets no page of another site operate it with the operator's login", async () => {
    const { app } = createTestApi({ board: { ...board, operate: true }, boardQueues });
    const url = "/board/api/queues/bulk-jobs/pause";
    for (const from of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
      { origin: "null" },
    ]) {
      const answer = await app.inject({ method: "PUT", url, headers: { ...login, ...from } });
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ code: "cross_site" });
    }
    expect(await producer.queues.bulkJobs.isPaused()).toBe(false);
    const own = { ...login, "sec-fetch-site": "same-origin" };
    expect((await app.inject({ method: "PUT", url, headers: own })).statusCode).toBe(200);
    expect(await producer.queues.bulkJobs.isPaused()).toBe(true);
  });

  it("may not be framed, cached or run foreign or inline script", async () => {
    const { app } = createTestApi({ board });
    for (const url of ["/board", "/board/static/favicon.ico", "/board/api/queues"]) {
      const { headers } = await app.inject({ url, headers: login });
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "x-frame-options": "DENY",
      });
      expect(headers["content-security-policy"]).toContain("script-src 'self';");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    }
  });

  it("is not there without a login configured", async () => {
    const { app } = createTestApi({ boardQueues });
    expect((await app.inject({ url: "/board", headers: login })).statusCode).toBe(404);
    expect((await app.inject({ url: "/board/api/queues", headers: login })).statusCode).toBe(404);
  });
});

type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Every route under the board, with examples for its parameters. */
async function boardRoutes(
  app: FastifyInstance,
): Promise<readonly { readonly method: Method; readonly url: string }[]> {
  const routes: { readonly method: Method; readonly url: string }[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    if (!url.startsWith("/board")) return;
    for (const each of [method].flat())
      routes.push({
        method: each as Method,
        url: url.replace("*", "main.js").replaceAll(/:\w+/g, "loads"),
      });
  });
  await app.ready();
  return routes;
}
