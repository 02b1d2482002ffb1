/** A redis-server of the run, which comes back with its data on the same port after it was killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";

export interface RedisServer {
  readonly port: number;
  readonly password: string;
  /** For the run itself, past every proxy. */
  readonly client: Redis;
  /** Where all that it ever kept is written. */
  readonly appendOnlyFolder: string;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
  /** Starts it again on what it has written; resolves when it answers. */
  start(): Promise<void>;
  /** Copies what it has written so far, for `restore`. */
  copy(): Promise<void>;
  /** Kills it and starts it on the copy. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it in `folder`. `appendfsync always`: a killed process has lost nothing that it has answered. */
export async function startRedisServer(folder: string): Promise<RedisServer> {
  await mkdir(folder, { mode: 0o700 });
  const port = await freePort();
  const password = randomBytes(24).toString("hex");
  const config = [
    ...["bind 127.0.0.1", `port ${port}`, `requirepass ${password}`, 'save ""'],
    ...["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"],
    // Everything stays readable text, so that the run can look for what must not be there.
    ...["aof-use-rdb-preamble no", "auto-aof-rewrite-percentage 0"],
    ...["enable-debug-command local", "appenddirname append-only"],
  ];
  await writeFile(join(folder, "redis.conf"), `${config.join("\n")}\n`, { mode: 0o600 });
  const appendOnlyFolder = join(folder, "append-only");
  const copyFolder = join(folder, "copy");
  const client = new Redis({
    ...{ host: "127.0.0.1", port, password, maxRetriesPerRequest: null },
    retryStrategy: () => 50,
  });
  client.on("error", () => undefined);
  let server = await run(folder);
  await client.ping();
  const kill = async (): Promise<void> => {
    const ended = once(server, "exit");
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGKILL");
    await ended;
  };
  const start = async (): Promise<void> => {
    server = await run(folder);
    await answers(client);
  };
  return {
    port,
    password,
    client,
    appendOnlyFolder,
    kill,
    start,
    async copy() {
      await rm(copyFolder, { recursive: true, force: true });
      await cp(appendOnlyFolder, copyFolder, { recursive: true });
    },
    async restore() {
      await kill();
      await rm(appendOnlyFolder, { recursive: true, force: true });
      await cp(copyFolder, appendOnlyFolder, { recursive: true });
      await start();
    },
    async close() {
      client.disconnect();
      await kill();
    },
  };
}

/** Resolves when it answers with its data loaded. */
async function answers(client: Redis): Promise<void> {
  for (;;) {
    const pong = await client.ping().catch(() => undefined);
    if (pong === "PONG") return;
  }
}

/** The server, and a shell that ends it when this process ends in whatever way. */
async function run(folder: string): Promise<ChildProcess> {
  const log = await open(join(folder, "redis.log"), "a", 0o600);
  const server = spawn("redis-server", ["redis.conf"], {
    cwd: folder,
    stdio: ["ignore", log.fd, log.fd],
  });
  const watchdog = spawn("sh", ["-c", 'read -r _; kill -9 "$1"', "sh", String(server.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Its id may become another process's once it has ended.
  server.once("exit", () => watchdog.kill("SIGKILL"));
  await log.close();
  return server;
}
