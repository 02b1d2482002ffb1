import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { BulkError } from "@headgate/core";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { type PrivateRedis, type PrivateRedisOptions, startPrivateRedis } from "./private-redis.ts";

async function started(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const redis = await startPrivateRedis(options);
  onTestFinished(redis.close);
  return redis;
}

function connected(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

async function setting(client: Redis, name: string): Promise<unknown> {
  const reply = await client.config("GET", name);
  return Array.isArray(reply) ? reply[1] : undefined;
}

/** Settles when nothing listens on the URL's port any more. */
async function connectionRefused(url: string): Promise<void> {
  for (;;) {
    const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
    let accepted = false;
    socket.on("connect", () => {
      accepted = true;
    });
    // Refused at once, or reset when the server dies: closed either way.
    socket.on("error", () => {});
    await new Promise((resolve) => socket.resume().once("close", resolve));
    if (!accepted) return;
  }
}

test("a given URL is used as it is and left alone", async () => {
  const existing = await started();
  const redis = await startPrivateRedis({ url: existing.url, programs: [] });
  await redis.close();
  expect(redis.url).toBe(existing.url);
  expect(await connected(existing.url).ping()).toBe("PONG");
});

test("a given URL that refuses the password is reported without it", async () => {
  const { host } = new URL((await started()).url);
  await expect(startPrivateRedis({ url: `redis://:wrong@${host}` })).rejects.toMatchObject({
    code: "ERR_REDIS_AWAY",
    message: expect.not.stringContaining("wrong"),
    fields: { host },
  });
});

test("a private server never evicts and keeps an append-only file", async () => {
  const client = connected((await started({ appendfsync: "always" })).url);
  expect(await setting(client, "maxmemory-policy")).toBe("noeviction");
  expect(await setting(client, "appendonly")).toBe("yes");
  expect(await setting(client, "appendfsync")).toBe("always");
  expect(await setting(client, "save")).toBe("");
});

test("a private server listens on loopback only and wants its password", async () => {
  const { url } = await started();
  expect(await setting(connected(url), "bind")).toBe("127.0.0.1");
  const withoutPassword = connected(`redis://127.0.0.1:${new URL(url).port}`);
  await expect(withoutPassword.set("key", "value")).rejects.toThrow("NOAUTH");
});

test("the data folder is closed to other users and gone after close", async () => {
  const redis = await started();
  const folder = String(await setting(connected(redis.url), "dir"));
  expect((await stat(folder)).mode & 0o077).toBe(0);
  await redis.close();
  await redis.close();
  await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
  await connectionRefused(redis.url);
});

test("a named folder keeps its data for the next start", async () => {
  const folder = await temporaryFolder();
  const first = await startPrivateRedis({ folder });
  await connected(first.url).set("key", "value");
  await first.close();
  await connectionRefused(first.url);
  const second = await started({ folder });
  expect(await connected(second.url).get("key")).toBe("value");
  expect(second.url).not.toBe(first.url);
});

test("a server that was left behind in a named folder is ended by the next start", async () => {
  const folder = await temporaryFolder();
  const left = await startPrivateRedis({ folder });
  onTestFinished(left.close);
  await connected(left.url).set("key", "value");
  const next = await started({ folder });
  await left.ended;
  expect(await connected(next.url).get("key")).toBe("value");
});

test("another Redis on the port of an earlier server is left alone", async () => {
  const [folder, other] = [await temporaryFolder(), await started()];
  const { port, password } = new URL(other.url);
  await writeFile(join(folder, "redis.conf"), `port ${port}\nrequirepass ${password}\n`);
  await started({ folder });
  expect(await connected(other.url).ping()).toBe("PONG");
});

test("a server that dies is told", async () => {
  const redis = await started();
  await connected(redis.url)
    .call("SHUTDOWN", "NOSAVE")
    .catch(() => undefined);
  await redis.ended;
});

test("two private servers stand side by side", async () => {
  const [one, two] = await Promise.all([started(), started()]);
  await connected(one.url).set("key", "value");
  expect(await connected(two.url).exists("key")).toBe(0);
});

test("a machine without a server gets one installed, and is told so", async () => {
  const folder = await temporaryFolder();
  const program = join(folder, "redis-server");
  const lines: string[] = [];
  const { url } = await started({
    programs: [program],
    report: (line) => lines.push(line),
    install: async (report) => {
      report("installing");
      await writeProgram(program, 'exec redis-server "$@"');
      return true;
    },
  });
  expect(await connected(url).ping()).toBe("PONG");
  expect(lines).toEqual(["installing"]);
});

test("where no server can be had, the error names the ways out", async () => {
  const failure = startPrivateRedis({ programs: ["no-such-redis"], install: async () => false });
  await expect(failure).rejects.toThrow(BulkError);
  await expect(failure).rejects.toMatchObject({
    code: "ERR_REDIS_AWAY",
    message: expect.stringMatching(/docker compose up redis.*HEADGATE_REDIS_URL/s),
    fields: { programs: "no-such-redis" },
  });
});

test("a server that exits at once is reported with its last words and leaves no folder", async () => {
  const folder = await temporaryFolder();
  const program = join(folder, "redis-server");
  const config = join(folder, "config-path");
  await writeProgram(
    program,
    `[ "$1" = --version ] || { echo "$PWD/$1" > '${config}'; echo "no memory left"; exit 3; }`,
  );
  await expect(startPrivateRedis({ programs: [program] })).rejects.toMatchObject({
    code: "ERR_REDIS_AWAY",
    message: `${program} did not come up: no memory left`,
    fields: { program },
    cause: { message: "exited with code 3" },
  });
  const configPath = (await readFile(config, "utf8")).trim();
  expect(configPath).toMatch(/redis\.conf$/);
  await expect(stat(dirname(configPath))).rejects.toMatchObject({ code: "ENOENT" });
});

test("the server dies with a process that was killed", async () => {
  const owner = startOwner("setInterval(() => {}, 1000);");
  const [url] = await once(createInterface(owner.stdout), "line");
  const folder = String(await setting(connected(url), "dir"));
  owner.kill("SIGKILL");
  await connectionRefused(url);
  await expect.poll(() => stat(folder).catch((error) => error.code)).toBe("ENOENT");
});

test("a process that forgets to close still ends, and the server with it", async () => {
  const owner = startOwner("");
  const [url] = await once(createInterface(owner.stdout), "line");
  const [code] = await once(owner, "exit");
  expect(code).toBe(0);
  await connectionRefused(url);
});

/** A process that starts a private Redis, prints its URL and then does what `then` says. */
function startOwner(then: string): ChildProcessByStdio<null, Readable, null> {
  const module = new URL("./private-redis.ts", import.meta.url).href;
  const script = `
    const { startPrivateRedis } = await import(${JSON.stringify(module)});
    console.log((await startPrivateRedis()).url);
    ${then}`;
  const owner = spawn(
    process.execPath,
    ["--conditions=@headgate/source", "--input-type=module", "--eval", script],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => {
    owner.kill("SIGKILL");
  });
  return owner;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function writeProgram(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
