/** What a worker refuses to start on, as a process: one line on stderr, exit code 1 (2 for a wrong setting), nothing spent. */
import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPrivateRedis } from "@headgate/standalone/redis";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { orders, schema } from "./csv.ts";
import { type Rig, startRig } from "./rig.ts";

let rig: Rig;
let folder: string;
beforeAll(async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 0 });
  await rig.enqueue({ ...orders, source: { uri: "s3://exports/a.csv" } });
  folder = await mkdtemp(join(tmpdir(), "headgate-refusals-"));
});
afterAll(async () => {
  await rig.close();
  await rm(folder, { recursive: true });
});

async function keyFile(name: string, mode: number): Promise<string> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const path = join(folder, name);
  await writeFile(path, privateKey.export({ type: "pkcs8", format: "pem" }));
  await chmod(path, mode);
  return path;
}

/** Redis 7.0 had no release with the fixes of 2025 and 2026. */
function isOld(info: string): boolean {
  return /redis_version:7\.0\./.test(info) && !info.includes("valkey_version");
}

/** Starts a worker that must end by itself; answers the one line it leaves. */
async function refusal(environment: Readonly<Record<string, string>>): Promise<string> {
  const { code, signal, stderr } = await rig.startProcess("shipped", environment).ended;
  expect({ code, signal }).toEqual({ code: 1, signal: null });
  expect(stderr).toMatch(/^headgate-worker: ERR_[^\n]*\n$/);
  const calls = rig.emulator.control.requests();
  expect(calls.filter((call) => call.kind !== "login")).toEqual([]);
  expect((await rig.loads.quota())[0]?.slots.used).toBe(0);
  expect((await rig.loads.list({})).loads).toMatchObject([{ state: "accepted" }]);
  return stderr;
}

it("refuses a key file that others can read, and names path, mode and the modes allowed", async () => {
  const path = await keyFile("open.pem", 0o644);
  expect(await refusal({ HEADGATE__CONNECTIONS__DEFAULT__KEY_FILE: path })).toBe(
    `headgate-worker: ERR_KEY_FILE: connection "default": private key file ${path}: its mode is 0644, allowed are 0400 and 0600\n`,
  );
});

it("refuses a key that the login service does not know", async () => {
  const path = await keyFile("wrong.pem", 0o600);
  expect(await refusal({ HEADGATE__CONNECTIONS__DEFAULT__KEY_FILE: path })).toContain(
    "ERR_AUTH_REFUSED",
  );
});

it("refuses settings that are wrong, all by name", async () => {
  const { code, stderr } = await rig.startProcess("shipped", {
    HEADGATE__CONNECTIONS__DEFAULT__USERS: "x",
    HEADGATE__API__PORT: "x",
  }).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^headgate-worker: ERR_CONFIG: .*\n {2}HEADGATE__CONNECTIONS__DEFAULT__USERS names .*\n {2}HEADGATE__API__PORT api.port: .*\n$/,
  );
});

it("refuses a Redis that evicts or forgets, unless that is allowed", async () => {
  const server = await startPrivateRedis();
  onTestFinished(server.close);
  const client = new Redis(server.url);
  onTestFinished(() => client.disconnect());
  const own = { HEADGATE_REDIS_URL: server.url };

  await client.config("SET", "maxmemory-policy", "allkeys-lru");
  expect(await refusal(own)).toMatch(
    /ERR_REDIS_UNSAFE: Redis has maxmemory-policy allkeys-lru, and headgate needs noeviction/,
  );
  await client.config("SET", "maxmemory-policy", "noeviction");
  await client.config("SET", "appendonly", "no");
  expect(await refusal(own)).toMatch(
    /ERR_REDIS_UNSAFE: Redis has appendonly no, and headgate needs yes/,
  );
  expect(await client.keys(`*${rig.prefix}*`)).toEqual([]);

  const before = rig.events.length;
  const allowed = rig.startProcess("shipped", { ...own, HEADGATE__REDIS__ALLOW_VOLATILE: "true" });
  await allowed.ready;
  // Told once, and it starts all the same.
  const told = rig.events.slice(before).filter(({ type }) => type === "redis.unpatched");
  expect(told).toHaveLength(isOld(await client.info("server")) ? 1 : 0);
  allowed.kill("SIGTERM");
  expect(await allowed.ended).toEqual({ code: 0, signal: null, stderr: "" });
});

it("says that it waits for a Redis that does not answer", async () => {
  const worker = rig.startProcess("shipped", { HEADGATE_REDIS_URL: "redis://127.0.0.1:1" });
  await rig.event((event) => event.type === "redis.away");
  worker.kill("SIGKILL");
  expect((await worker.ended).stderr).toBe("");
});
