import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { newApiKey } from "@headgate/config";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { loadBody } from "./api.test-support.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const key = newApiKey("airflow");
const prefix = `test-${randomBytes(6).toString("hex")}`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-main-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Writes a headgate.yaml on a port, 0 for any, and gives what names it. */
async function configured(port: number | string, name = "headgate.yaml") {
  const path = join(folder, name);
  await writeFile(path, configText(port, key.hash));
  return { HEADGATE_CONFIG: path };
}

function configText(port: number | string, hash: string): string {
  return `
redis: { url: "${inject("redisUrl")}", prefix: ${prefix} }
connections:
  default:
    consumerKey: { file: /nowhere/consumer-key }
    user: loader@example.com
    keyFile: /nowhere/key.pem
    connectors: { web: { schema: /nowhere/web.yaml } }
sources: { uploads: { folder: ${folder}/uploads, maxBytes: 1000 } }
clients:
  airflow: { keys: [{ hash: "${hash}" }], scopes: [enqueue, read] }
api: { port: ${port} }
`;
}

const { PATH, NODE_COMPILE_CACHE } = process.env;
const inherited = { PATH, NODE_COMPILE_CACHE };

function start(environment: Record<string, string>, ...args: readonly string[]): ChildProcess {
  const api = spawn(process.execPath, ["--conditions=@headgate/source", main, ...args], {
    cwd: folder,
    env: { ...inherited, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void api.kill("SIGKILL"));
  return api;
}

/** The address in the log line that says the API listens. */
async function address(api: ChildProcess): Promise<string> {
  return (await lineWith(api, /http:\/\/127\.0\.0\.1:\d+/))[0];
}

/** What the next log line that matches holds. */
async function lineWith(api: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  if (api.stdout === null) throw new Error("stdout is a pipe");
  let text = "";
  for await (const chunk of api.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const found = pattern.exec(text);
    if (found !== null) return found;
  }
  throw new Error(`the API ended before it said ${pattern}`);
}

describe("headgate-api", () => {
  it("keeps loads on Redis and stops cleanly on SIGTERM", async () => {
    const api = start(await configured(0));
    const exited = once(api, "exit");
    const url = await address(api);
    const headers = { authorization: `Bearer ${key.key}`, "content-type": "application/json" };
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

  it("takes over other clients without a restart", async () => {
    const environment = await configured(0, "reload.yaml");
    const api = start(environment);
    const url = await address(api);
    const status = async (text: string) => {
      const headers = { authorization: `Bearer ${text}` };
      return (await fetch(`${url}/v1/whoami`, { headers })).status;
    };
    const other = newApiKey("airflow");
    expect([await status(key.key), await status(other.key)]).toEqual([200, 401]);
    await writeFile(environment.HEADGATE_CONFIG, configText(0, other.hash));
    const taken = lineWith(api, /configuration taken over/);
    api.kill("SIGHUP");
    await taken;
    expect([await status(key.key), await status(other.key)]).toEqual([401, 200]);
  });

  it("stores files that clients send, and none that is too large", async () => {
    const api = start(await configured(0, "files.yaml"));
    const url = await address(api);
    const send = async (body: string) =>
      await fetch(`${url}/v1/files?name=a.csv`, {
        method: "POST",
        headers: { authorization: `Bearer ${key.key}`, "content-type": "text/csv" },
        body,
      });
    const stored = await send("id\n1\n");
    expect(stored.status).toBe(201);
    const { uri, bytes } = (await stored.json()) as { uri: string; bytes: number };
    expect(uri).toMatch(/^file:\/\/\/.*\/uploads\/airflow\/[0-9a-f]+-a\.csv$/);
    expect(bytes).toBe(5);
    expect(await readFile(fileURLToPath(uri), "utf8")).toBe("id\n1\n");
    const large = await send("x".repeat(1001));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ code: expect.stringMatching(/too_large$/) });
    expect(await readdir(join(folder, "uploads", "airflow"))).toHaveLength(1);
  });

  it.each([
    ["--help", /^Usage: headgate-api/],
    ["--version", /^\d+\.\d+\.\d+\n$/],
  ])("prints for %s and ends", async (argument, printed) => {
    const api = start({}, argument);
    if (api.stdout === null) throw new Error("stdout is a pipe");
    const [said, [code]] = await Promise.all([text(api.stdout), once(api, "exit")]);
    expect(said).toMatch(printed);
    expect(code).toBe(0);
  });

  it("exits 2 for an argument that it does not have", async () => {
    const api = start({}, "--port=1");
    if (api.stderr === null) throw new Error("stderr is a pipe");
    const [fault, [code]] = await Promise.all([text(api.stderr), once(api, "exit")]);
    expect(fault).toContain("--port");
    expect(code).toBe(2);
  });

  it("exits 2 and names every fault of its configuration", async () => {
    const api = start({ HEADGATE__API__PORT: "none", HEADGATE__LOG_LEVEL: "loud" });
    if (api.stderr === null) throw new Error("stderr is a pipe");
    const [faults, [code]] = await Promise.all([text(api.stderr), once(api, "exit")]);
    expect(code).toBe(2);
    expect(faults).toContain("api.port");
    expect(faults).toContain("logLevel");
    expect(faults).not.toContain("    at ");
  });

  it("exits 1 where its address is taken", async () => {
    const first = start(await configured(0));
    const firstExit = once(first, "exit");
    const { port } = new URL(await address(first));
    const second = start(await configured(port, "taken.yaml"));
    second.stdout?.resume();
    if (second.stderr === null) throw new Error("stderr is a pipe");
    const [fault, [code]] = await Promise.all([text(second.stderr), once(second, "exit")]);
    expect(code).toBe(1);
    expect(fault).toContain("EADDRINUSE");
    first.kill("SIGINT");
    expect(await firstExit).toEqual([0, null]);
  });
});
