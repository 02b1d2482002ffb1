/** Starts Debian's Swift as an S3 server of its own, beside whatever the machine itself runs. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import {
  device,
  type StorageServer,
  type SwiftPorts,
  storageServers,
  swiftConfig,
} from "./swift-config.ts";

const run = promisify(execFile);

export interface SwiftServer {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Stops all processes and removes the folder. */
  stop(): Promise<void>;
}

/** How long the servers may take to answer, and to stop when asked to. */
const startMs = 120_000;
const stopMs = 5_000;

/** Starts four servers and a memcached on free ports of 127.0.0.1 and resolves when all answer. */
export async function startSwift(signal: AbortSignal): Promise<SwiftServer> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-swift-"));
  const children: ChildProcess[] = [];
  async function stop(): Promise<void> {
    await Promise.all(children.map(stopChild));
    await rm(folder, { recursive: true, force: true });
  }
  try {
    const ports = await freePorts();
    const secret = randomBytes(16).toString("hex");
    await mkdir(join(folder, "devices", device), { recursive: true });
    for (const [name, text] of Object.entries(swiftConfig(folder, ports, secret))) {
      await writeFile(join(folder, name), text, { mode: 0o600 });
    }
    for (const name of storageServers) await buildRing(folder, name, ports[name]);
    const log = await open(join(folder, "servers.log"), "w");
    const start = (command: string, ...args: readonly string[]) =>
      children.push(spawn(command, args, { stdio: ["ignore", log.fd, log.fd] }));
    start(
      "memcached",
      "-u",
      userInfo().username,
      "-l",
      "127.0.0.1",
      "-p",
      String(ports.memcached),
      "-U",
      "0",
    );
    for (const name of [...storageServers, "proxy"]) {
      start(`swift-${name}-server`, join(folder, `${name}.conf`));
    }
    await log.close();
    await waitUntilUp(Object.values(ports), { children, folder, signal });
    return {
      endpoint: `http://127.0.0.1:${ports.proxy}`,
      accessKeyId: "demo:admin",
      secretAccessKey: secret,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function buildRing(folder: string, name: StorageServer, port: number): Promise<void> {
  const builder = join(folder, `${name}.builder`);
  const [partPower, replicas, hours, weight] = ["4", "1", "1", "1"];
  await run("swift-ring-builder", [builder, "create", partPower, replicas, hours]);
  await run("swift-ring-builder", [builder, "add", `r1z1-127.0.0.1:${port}/${device}`, weight]);
  await run("swift-ring-builder", [builder, "rebalance"]);
}

async function waitUntilUp(
  ports: readonly number[],
  {
    children,
    folder,
    signal,
  }: {
    readonly children: readonly ChildProcess[];
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(startMs)]);
  for (const port of ports) {
    while (!(await answers(port))) {
      const dead = children.find((child) => child.exitCode !== null || child.signalCode !== null);
      if (dead !== undefined || limit.aborted) {
        signal.throwIfAborted();
        const log = await readFile(join(folder, "servers.log"), "utf8");
        const what = dead === undefined ? `port ${port}` : dead.spawnargs.join(" ");
        throw new Error(`Swift did not start (${what}):\n${log.slice(-4000)}`);
      }
      await setTimeout(50);
    }
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Ports that were free a moment ago. */
async function freePorts(): Promise<SwiftPorts> {
  const servers = Array.from({ length: 5 }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const [proxy = 0, account = 0, container = 0, object = 0, memcached = 0] = servers.map(
    (server) => {
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    },
  );
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return { proxy, account, container, object, memcached };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const forced = AbortSignal.timeout(stopMs);
  forced.addEventListener("abort", () => child.kill("SIGKILL"));
  await gone;
}
