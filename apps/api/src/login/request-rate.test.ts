import type { Producer } from "@headgate/orchestrator/producer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf, createTestApi } from "../api.test-support.ts";
import { openTestDoors } from "../doors.test-support.ts";

let doors: Producer & { readonly prefix: string };
beforeAll(async () => {
  doors = await openTestDoors();
});
afterAll(() => doors.close());

const limits = { requestsPerMinute: 3, pendingLoads: 10 };
const clients = [clientOf("busy", "busy", { limits }), clientOf("other", "other", { limits })];

it("is one for all instances, tells what is left, and ends in 429", async () => {
  const rateStore = { redis: doors.redis, nameSpace: `${doors.prefix}:requests-of:` };
  const instances = [1, 2].map(() => createTestApi({ clients, doors, rateStore }));
  const ask = async (instance: number, key = "busy") =>
    await instances[instance]?.app.inject({
      url: "/v1/whoami",
      headers: { authorization: `Bearer ${key}` },
    });
  const first = await ask(0);
  expect(first?.headers["ratelimit-policy"]).toBe('"client";q=3;w=60');
  expect(first?.headers.ratelimit).toMatch(/^"client";r=2;t=\d+$/);
  await ask(1);
  expect((await ask(0))?.headers.ratelimit).toContain("r=0;");
  const refused = await ask(1);
  expect(refused?.statusCode).toBe(429);
  expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
  expect(refused?.json()).toMatchObject({ code: "rate_limited", fields: { allowed: 3 } });
  expect((await ask(1, "other"))?.statusCode).toBe(200);
});

it("counts nothing while Redis is away, so that the routes say so", async () => {
  const away = await openTestDoors();
  await away.close();
  const rateStore = { redis: away.redis, nameSpace: "away:" };
  const { app } = createTestApi({ clients, doors: away, rateStore });
  const headers = { authorization: "Bearer busy" };
  const answer = await app.inject({ url: "/v1/loads", headers });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ code: "redis_away" });
});
