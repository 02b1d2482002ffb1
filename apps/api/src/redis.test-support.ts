import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis of its own on a socket that only this user can reach; clients wait until it answers. */
export async function startTestRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-api-"));
  const socket = join(folder, "redis.sock");
  const flags = ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder];
  const server = spawn("redis-server", flags, { stdio: "ignore" });
  await once(server, "spawn");
  return {
    url: `unix://${socket}`,
    async stop() {
      const exited = once(server, "exit");
      server.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
