/** A Redis with each fault that it can have, each a real server. */
import { startPrivateRedis } from "@headgate/standalone/redis";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { documentedUser } from "../security/documented-user.ts";
import { serve } from "./http-server.ts";
import { type Patient, startPatient } from "./patient.ts";

/** A server of the test's own, after these commands. */
async function brokenRedis(...commands: readonly (readonly string[])[]): Promise<string> {
  const { url, close } = await startPrivateRedis();
  onTestFinished(close);
  const redis = new Redis(url);
  for (const [name = "", ...args] of commands) await redis.call(name, ...args);
  redis.disconnect();
  return url;
}

const withRedis = (patient: Patient, changes: object) => ({
  redis: { ...patient.settings.redis, ...changes },
});

describe("a Redis that cannot be used", () => {
  it("is named without its password, and nothing more is said of it", async () => {
    const patient = await startPatient();
    const url = "redis://:password-canary@127.0.0.1:1";
    const { ok, checks } = await patient.diagnose(withRedis(patient, { url }));
    expect(ok).toBe(false);
    expect(checks.filter(({ id }) => id.startsWith("redis"))).toEqual([
      expect.objectContaining({
        id: "redis.reachable",
        status: "fail",
        detail: "127.0.0.1:1 cannot be used: ECONNREFUSED",
        advice: expect.stringContaining("redis.url"),
      }),
    ]);
    expect(JSON.stringify(checks)).not.toContain("canary");
  });

  it("because an HTTP server listens there", async () => {
    const patient = await startPatient();
    const { host } = new URL(await serve((_, response) => response.end("hello")));
    const check = await patient.check(
      "redis.reachable",
      withRedis(patient, { url: `redis://${host}` }),
    );
    expect(check).toMatchObject({
      status: "fail",
      detail: `${host} cannot be used: no answer that Redis would give`,
      advice: expect.stringContaining("HTTP server"),
    });
  });

  it.each([
    ["a wrong password", ":wrong@", "WRONGPASS", "user or password"],
    ["none", "", "NOAUTH", "wants a password"],
  ])("because of %s", async (_, login, reason, advice) => {
    const patient = await startPatient();
    const { host } = new URL(await brokenRedis());
    const url = `redis://${login}${host}`;
    expect(await patient.check("redis.reachable", withRedis(patient, { url }))).toMatchObject({
      status: "fail",
      detail: `${host} cannot be used: ${reason}`,
      advice: expect.stringContaining(advice),
    });
  });
});

describe("a Redis that loses what it is given", () => {
  const evicting = ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"];
  const forgetting = ["CONFIG", "SET", "appendonly", "no"];

  it("by eviction or without an append-only file, fails", async () => {
    const patient = await startPatient();
    const url = await brokenRedis(evicting, forgetting);
    const { ok, checks } = await patient.diagnose(withRedis(patient, { url }));
    expect(ok).toBe(false);
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: "redis.eviction",
        status: "fail",
        detail: "maxmemory-policy is allkeys-lru; needed is noeviction",
        advice: expect.stringContaining("CONFIG SET maxmemory-policy noeviction"),
      }),
    );
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: "redis.persistence",
        status: "fail",
        advice: expect.stringContaining("CONFIG SET appendonly yes"),
      }),
    );
  });

  it("is only warned of where a volatile Redis is allowed", async () => {
    const patient = await startPatient();
    const url = await brokenRedis(evicting, forgetting);
    const { ok, checks } = await patient.diagnose(withRedis(patient, { url, allowVolatile: true }));
    expect(ok).toBe(true);
    expect(checks.filter(({ status }) => status === "warn").map(({ id }) => id)).toEqual(
      expect.arrayContaining(["redis.eviction", "redis.persistence"]),
    );
  });

  it("is warned of where the file is seldom synced", async () => {
    const patient = await startPatient();
    const url = await brokenRedis(["CONFIG", "SET", "appendfsync", "no"]);
    expect(await patient.check("redis.persistence", withRedis(patient, { url }))).toMatchObject({
      status: "warn",
      advice: expect.stringContaining("everysec"),
    });
  });
});

describe("a Redis that refuses writes", () => {
  it("because it is full", async () => {
    const patient = await startPatient();
    const url = await brokenRedis(["CONFIG", "SET", "maxmemory", "1mb"]);
    const { checks } = await patient.diagnose(withRedis(patient, { url }));
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: "redis.write",
        status: "fail",
        detail: "a write is refused: OOM",
      }),
    );
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: "redis.eviction",
        status: "warn",
        advice: expect.stringContaining("maxmemory"),
      }),
    );
  });

  it("because it is a replica", async () => {
    const patient = await startPatient();
    const url = await brokenRedis(["REPLICAOF", "127.0.0.1", "1"]);
    expect(await patient.check("redis.role", withRedis(patient, { url }))).toMatchObject({
      status: "fail",
      detail: "its role is slave",
      advice: "name the primary in redis.url",
    });
  });
});

it("a user who may not do all that headgate does is told what", async () => {
  const patient = await startPatient();
  const rights = ["on", ">pw", `~*${patient.prefix}*`, "+@all", "-zadd", "-bzpopmin"];
  const url = await brokenRedis(["ACL", "SETUSER", "app", ...rights]);
  const { host } = new URL(url);
  const check = await patient.check(
    "redis.rights",
    withRedis(patient, { url: `redis://app:pw@${host}` }),
  );
  expect(check).toMatchObject({
    status: "fail",
    detail: expect.stringContaining(
      `BZPOPMIN ${patient.prefix}:{default}:loads, ZADD ${patient.prefix}`,
    ),
    advice: expect.stringContaining("ACL SETUSER"),
  });
});

it.each(["headgate-worker", "headgate-api"])(
  "the user %s that docs/operations.md makes has all rights, and no more keys than headgate's",
  async (user) => {
    const patient = await startPatient();
    const { host } = new URL(await brokenRedis(documentedUser(user)));
    const redis = (prefix: string) =>
      withRedis(patient, { url: `redis://${user}:secret@${host}`, prefix });
    expect(await patient.check("redis.rights", redis("headgate"))).toMatchObject({ status: "ok" });
    expect(await patient.check("redis.rights", redis("other"))).toMatchObject({ status: "fail" });
  },
);

it("a clock that differs by over 3 minutes is a failure", async () => {
  const patient = await startPatient();
  const slow = () => Date.now() - 200_000;
  expect(await patient.check("redis.clock", {}, slow)).toMatchObject({
    status: "fail",
    detail: expect.stringMatching(
      /^Redis is (199|200)\.\d s ahead of this machine's clock; allowed are 180 s$/,
    ),
  });
});

it("a quota that is used up is warned of, with the time of return", async () => {
  const patient = await startPatient();
  const redis = new Redis(inject("redisUrl"));
  onTestFinished(() => redis.disconnect());
  const slots = `${patient.prefix}:{default}:slots`;
  onTestFinished(async () => void (await redis.del(slots)));
  for (let i = 0; i < 20; i += 1) await redis.zadd(slots, Date.now(), `f:other-${i}`);
  expect(await patient.check("connection.default.quota")).toMatchObject({
    status: "warn",
    detail: expect.stringMatching(
      /^20 of 20 slots used \(20 by other tools\), 0 free; the next returns at \d{4}-/,
    ),
  });
});
