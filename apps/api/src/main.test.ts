import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { loadBody } from "./api.test-support.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const key = "headgate_main-test";
const prefix = `test-${randomBytes(6).toString("hex")}`;
let folder: string;
let keysFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-main-"));
  keysFile = join(folder, "keys");
  await writeFile(keysFile, `airflow sha256:${createHash("sha256").update(key).digest("hex")}\n`);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What an API of these tests needs besides a port. */
function wellConfigured(): Record<string, string> {
  return {
    HEADGATE_REDIS_URL: inject("redisUrl"),
    HEADGATE_KEY_PREFIX: prefix,
    HEADGATE_API_KEYS_FILE: keysFile,
  };
}

function start(environment: Record<string, string>): ChildProcess {
  const api = spawn(process.execPath, ["--conditions=@headgate/source", main], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void api.kill("SIGKILL"));
  return api;
}

/** The address in the log line that says the API listens. */
async function address(api: ChildProcess): Promise<string> {
  if (api.stdout === null) throw new Error("stdout is a pipe");
  for await (const line of createInterface({ input: api.stdout })) {
    const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (found !== undefined) return found;
  }
  throw new Error("the API ended before it listened");
}

describe("headgate-api", () => {
  it("keeps loads on Redis and stops cleanly on SIGTERM", async () => {
    const api = start({ ...wellConfigured(), HEADGATE_API_PORT: "0" });
    const exited = once(api, "exit");
    const url = await address(api);
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const send = (body: unknown) =>
      fetch(`${url}/v1/loads`, { method: "POST", headers, body: JSON.stringify(body) });

    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const accepted = await send(loadBody);
    expect(accepted.status).toBe(202);
    const place = accepted.headers.get("location") ?? "";
    const load = await (await fetch(`${url}${place}`, { headers })).json();
    expect(load).toMatchObject({ state: "accepted", principal: "airflow", object: "order" });
    const unknown = await send({ ...loadBody, connection: "sandbox" });
    expect(unknown.status).toBe(422);
    expect(await unknown.json()).toMatchObject({ code: "unknown_connection" });

    api.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  });

  it("exits 2 and names every fault of its configuration", async () => {
    const api = start({ HEADGATE_API_PORT: "none", HEADGATE_LOG_LEVEL: "loud" });
    if (api.stderr === null) throw new Error("stderr is a pipe");
    const [faults, [code]] = await Promise.all([text(api.stderr), once(api, "exit")]);
    expect(code).toBe(2);
    expect(faults).toContain("HEADGATE_API_PORT must be");
    expect(faults).toContain("HEADGATE_LOG_LEVEL must be");
    expect(faults).toContain("HEADGATE_API_KEYS_FILE is not set");
    expect(faults).not.toContain("    at ");
  });

  it("exits 1 where its address is taken", async () => {
    const first = start({ ...wellConfigured(), HEADGATE_API_PORT: "0" });
    const firstExit = once(first, "exit");
    const { port } = new URL(await address(first));
    const second = start({ ...wellConfigured(), HEADGATE_API_PORT: port });
    second.stdout?.resume();
    if (second.stderr === null) throw new Error("stderr is a pipe");
    const [fault, [code]] = await Promise.all([text(second.stderr), once(second, "exit")]);
    expect(code).toBe(1);
    expect(fault).toContain("EADDRINUSE");
    first.kill("SIGINT");
    expect(await firstExit).toEqual([0, null]);
  });
});
