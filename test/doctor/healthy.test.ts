/** What the doctor says of a configuration that is right, and that it leaves no trace. */
import { type Check, runDoctor } from "@headgate/worker/doctor";
import { Redis } from "ioredis";
import { expect, inject, it, onTestFinished } from "vitest";
import { startPatient } from "./patient.ts";

it("finds nothing wrong in a healthy configuration", async () => {
  const patient = await startPatient();
  const { ok, checks } = await patient.diagnose();
  const status = Object.fromEntries(checks.map(({ id, status }) => [id, status]));
  // The machine's Redis may be of any level.
  expect(status["redis.version"]).not.toBe("fail");
  expect(status).toEqual({
    config: "ok",
    "config.schemas": "ok",
    "config.clients": "ok",
    "config.seals": "ok",
    "redis.reachable": "ok",
    "redis.version": status["redis.version"],
    "redis.role": "ok",
    "redis.eviction": "ok",
    "redis.persistence": "ok",
    "redis.rights": "ok",
    "redis.write": "ok",
    "redis.latency": "ok",
    "redis.clock": "ok",
    "connection.default.quota": "ok",
    "folder.files": "ok",
    "folder.uploads": "ok",
    "folder.scratch": "ok",
    "s3.endpoint": "ok",
    "s3.clock": "ok",
    "s3.place.s3://exports/": "ok",
    "connection.default.key": "ok",
    "connection.default.login": "ok",
    "connection.default.exchange": "ok",
    "connection.default.list": "ok",
    "connection.default.clock": "ok",
  });
  expect(ok).toBe(true);
});

it("changes nothing and uses no slot", async () => {
  const patient = await startPatient();
  const redis = new Redis(inject("redisUrl"));
  onTestFinished(() => redis.disconnect());
  await patient.diagnose();
  expect(await redis.keys(`*${patient.prefix}*`)).toEqual([]);
  const calls = patient.emulator.control.requests().map(({ kind }) => kind);
  expect(calls).toEqual(["login", "exchange", "list"]);
});

it("tells of each check as it is known", async () => {
  const loaded = await (await startPatient()).load();
  const told: Check[] = [];
  const { signal } = new AbortController();
  const { checks } = await runDoctor(loaded, { signal, onCheck: (check) => told.push(check) });
  expect(new Set(told)).toEqual(new Set(checks));
});

it("ends with the signal's reason", async () => {
  const patient = await startPatient();
  patient.emulator.control.addFaults({ kind: "timeout", route: "login", times: "always" });
  const stopped = new AbortController();
  const running = runDoctor(await patient.load(), {
    signal: stopped.signal,
    // The rest is known; only the login is waited for.
    onCheck: ({ id }) => id === "folder.files" && stopped.abort(new Error("enough")),
  });
  await expect(running).rejects.toThrow("enough");
});

it("shows no secret", async () => {
  const patient = await startPatient();
  const { checks } = await patient.diagnose();
  const text = JSON.stringify(checks);
  const { password } = new URL(inject("redisUrl"));
  if (password !== "") expect(text).not.toContain(password);
  expect(text).not.toContain("BEGIN");
  expect(text).not.toContain(patient.settings.redis.signingKey);
  expect(text).not.toContain(process.env.AWS_SECRET_ACCESS_KEY);
});

it("warns where columns are not checked and where nobody may use the API", async () => {
  const patient = await startPatient();
  const { connections } = patient.settings;
  const unchecked = { ...connections.default, connectors: { crm: { schema: "none" } } };
  const { ok, checks } = await patient.diagnose({
    connections: { default: unchecked },
    clients: {},
  });
  expect(checks).toContainEqual(
    expect.objectContaining({
      id: "config.schemas",
      status: "warn",
      detail: expect.stringContaining("default/crm"),
    }),
  );
  expect(checks).toContainEqual(
    expect.objectContaining({
      id: "config.clients",
      status: "warn",
      advice: expect.stringContaining("headgate api-key new"),
    }),
  );
  expect(ok).toBe(true);
});

it("warns where records in Redis are not sealed", async () => {
  const patient = await startPatient();
  const { signingKey: _, ...redis } = patient.settings.redis;
  expect(await patient.check("config.seals", { redis })).toMatchObject({
    status: "warn",
    advice: expect.stringContaining("redis.signingKey"),
  });
});

it.each([
  ["2020-01-01T00:00:00Z", "no key of nightly is valid"],
  [new Date(Date.now() + 3 * 86_400_000).toISOString(), "a key of nightly ends within 14 days"],
])("warns of a client's key that ends at %s", async (expires, detail) => {
  const patient = await startPatient();
  const [key] = patient.settings.clients.nightly.keys;
  const check = await patient.check("config.clients", {
    clients: { nightly: { keys: [{ ...key, expires }] } },
  });
  expect(check).toMatchObject({ status: "warn", detail });
});
