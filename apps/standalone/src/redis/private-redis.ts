/**
 * A Redis of our own for one machine: tests, the demo and `headgate up`.
 *
 * It listens on a free loopback port behind a random password, keeps an append-only file in a
 * folder that only this user may enter, and never evicts. It runs in a session of its own, so
 * Ctrl-C in a terminal ends headgate first and Redis after it.
 *
 * Nothing outlives the caller: a small shell waits on a pipe that the kernel closes when this
 * process ends in whatever way, SIGKILL included, then ends the server. A temporary folder goes with
 * it; a folder that was named is kept, and its server gets a SIGTERM, on which Redis writes all it
 * knows. Only a SIGKILL of that shell as well would leave a server behind: `quitServer` of the next
 * start ends it.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkError } from "@headgate/core";
import { Redis } from "ioredis";
import { freeLoopbackPort } from "../free-port.ts";
import { installRedis } from "./install-redis.ts";
import { quitServer } from "./quit-server.ts";

/** How to come by a Redis. */
export interface PrivateRedisOptions {
  /** A Redis that is already there (HEADGATE_REDIS_URL): used as it is, nothing is started. */
  readonly url?: string | undefined;
  /**
   * An existing folder that is kept, with its data, for the next start. One server at a time may use
   * it, which is the caller's care. Default a temporary one.
   */
  readonly folder?: string;
  /** When the append-only file reaches the disk; default "everysec", at most a second is lost. */
  readonly appendfsync?: "always" | "everysec";
  /** Server programs to try in this order, by name or path; default redis-server, valkey-server. */
  readonly programs?: readonly string[];
  /** Makes one of the programs available and says whether it did; default the package manager. */
  readonly install?: (report: (line: string) => void) => Promise<boolean>;
  /** Where lines for the user go; default stderr. */
  readonly report?: (line: string) => void;
}

/** A Redis that the caller may use until it calls close. */
export interface PrivateRedis {
  /** redis:// URL, with the password where there is one: treat it as a secret. */
  readonly url: string;
  /** Settles when the server has ended, whoever ended it; never for a Redis given by URL. */
  readonly ended: Promise<void>;
  /** Ends the server and removes a temporary folder; does nothing for a Redis given by URL, or twice. */
  readonly close: () => Promise<void>;
}

const startTimeoutMs = 10_000;
const portAttempts = 5;
const configName = "redis.conf";

/**
 * Gives a Redis that has answered PING: the one named by `url`, else a private one, installed first
 * if need be. Throws ERR_REDIS_AWAY where there is none to start or it does not come up.
 */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  if (options.url !== undefined) return useExisting(options.url);
  const program = await provideProgram(options);
  const { folder, appendfsync = "everysec" } = options;
  if (folder !== undefined) await quitServer(join(folder, configName));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startServer(program, { appendfsync, folder });
    } catch (error) {
      // Another process may take the free port before Redis does; a new port then helps.
      if (attempt === portAttempts) throw error;
    }
  }
}

async function useExisting(url: string): Promise<PrivateRedis> {
  try {
    await answersPing(url, AbortSignal.timeout(startTimeoutMs));
  } catch (cause) {
    const { host } = new URL(url);
    throw new BulkError(
      "ERR_REDIS_AWAY",
      `the Redis of HEADGATE_REDIS_URL at ${host} does not answer PING`,
      { fields: { host }, cause },
    );
  }
  return { url, ended: new Promise(() => {}), close: async () => {} };
}

async function provideProgram(options: PrivateRedisOptions): Promise<string> {
  const { programs = ["redis-server", "valkey-server"], install = installRedis } = options;
  const report = options.report ?? ((line) => process.stderr.write(`${line}\n`));
  const found = await firstRunnable(programs);
  if (found !== undefined) return found;
  const installed = (await install(report)) ? await firstRunnable(programs) : undefined;
  if (installed !== undefined) return installed;
  throw new BulkError(
    "ERR_REDIS_AWAY",
    `no Redis server on this machine (looked for ${programs.join(", ")} on PATH) and none could ` +
      "be installed: install one, or run `docker compose up redis` and set " +
      "HEADGATE_REDIS_URL=redis://127.0.0.1:6379",
    { fields: { programs: programs.join(" ") } },
  );
}

async function firstRunnable(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    const code = await new Promise((resolve) => {
      spawn(program, ["--version"], { stdio: "ignore" })
        .once("error", () => resolve(undefined))
        .once("close", resolve);
    });
    if (code === 0) return program;
  }
  return undefined;
}

async function startServer(
  program: string,
  options: { readonly appendfsync: string; readonly folder: string | undefined },
): Promise<PrivateRedis> {
  const kept = options.folder !== undefined;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "headgate-redis-")));
  const port = await freeLoopbackPort();
  const password = randomBytes(24).toString("hex");
  const logPath = join(folder, "redis.log");
  const config = [
    "bind 127.0.0.1",
    "protected-mode yes",
    `port ${port}`,
    `requirepass ${password}`,
    'save ""',
    "appendonly yes",
    `appendfsync ${options.appendfsync}`,
    "maxmemory-policy noeviction",
  ];
  await writeFile(join(folder, configName), `${config.join("\n")}\n`, { mode: 0o600 });

  const log = await open(logPath, "w", 0o600);
  // The folder is where it works, so that no name of a folder has to be written in Redis's quoting.
  const server = spawn(program, [configName], {
    cwd: folder,
    stdio: ["ignore", log.fd, log.fd],
    detached: true,
  });
  server.unref();
  const watchdog = startWatchdog(server, kept ? undefined : folder);
  const ended = exit(server);

  const url = `redis://:${password}@127.0.0.1:${port}`;
  const exited = new AbortController();
  server.once("exit", (code) => {
    // Its id may now become another process's, which must not be killed.
    watchdog.kill("SIGKILL");
    exited.abort(new Error(`exited with code ${code}`));
  });
  const close = async (): Promise<void> => {
    // Left to the watchdog, so that the server ends even if this process dies at this very moment.
    watchdog.stdin?.end();
    server.ref();
    watchdog.ref();
    await Promise.all([ended, exit(watchdog)]);
    if (!kept) await rm(folder, { recursive: true, force: true });
  };
  try {
    await answersPing(url, AbortSignal.any([exited.signal, AbortSignal.timeout(startTimeoutMs)]));
    await log.close();
  } catch (cause) {
    await log.close();
    const lastLines = (await readFile(logPath, "utf8")).trim().split("\n").slice(-3).join(" | ");
    await close();
    throw new BulkError("ERR_REDIS_AWAY", `${program} did not come up: ${lastLines}`, {
      fields: { program, port },
      cause,
    });
  }
  return { url, ended, close };
}

function startWatchdog(server: ChildProcess, folderToRemove: string | undefined): ChildProcess {
  const script =
    folderToRemove === undefined
      ? 'read -r _; kill "$1"'
      : 'read -r _; kill -9 "$1"; rm -rf -- "$2"';
  const args = [String(server.pid), folderToRemove ?? ""];
  const watchdog = spawn("sh", ["-c", script, "sh", ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}

/** Settles when the server answers PING; throws the signal's reason when it fires before. */
async function answersPing(url: string, signal: AbortSignal): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  // Refused connections are the normal case until the server listens.
  client.on("error", () => {});
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([client.ping(), aborted]);
  } finally {
    client.disconnect();
  }
}

/** Settles when the process has ended, or could not be started. */
function exit(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}
