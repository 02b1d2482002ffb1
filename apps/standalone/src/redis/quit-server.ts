/** Ends a server that an earlier start has left in a folder that is kept. */
import { readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BulkError } from "@headgate/core";
import { Redis } from "ioredis";

const endTimeoutMs = 10_000;
const answerTimeoutMs = 2_000;
const pollMs = 50;

/**
 * Resolves when no server runs by this configuration file any more. One that does is told to write
 * everything and to end, and waited for, since two servers on one append-only file would ruin it.
 * Throws ERR_REDIS_AWAY where it does not end within 10 s.
 */
export async function quitServer(configFile: string): Promise<void> {
  const config = await readFile(configFile, "utf8").catch(() => "");
  const port = Number(/^port (\d+)$/m.exec(config)?.[1] ?? 0);
  const password = /^requirepass ([0-9a-f]+)$/m.exec(config)?.[1];
  if (port === 0 || password === undefined) return;
  const folder = await realpath(dirname(configFile));
  for (const deadline = Date.now() + endTimeoutMs; await shutDown({ port, password, folder }); ) {
    if (Date.now() > deadline)
      throw new BulkError(
        "ERR_REDIS_AWAY",
        `the Redis of an earlier start still runs on port ${port} and does not end`,
        { fields: { port } },
      );
    await delay(pollMs);
  }
}

/** Tells the server that works in this folder to end; false where none answers there. */
async function shutDown(server: {
  readonly port: number;
  readonly password: string;
  readonly folder: string;
}): Promise<boolean> {
  const { port, password, folder } = server;
  const client = new Redis({
    ...{ host: "127.0.0.1", port, password, lazyConnect: true, enableReadyCheck: false },
    ...{ retryStrategy: () => null, maxRetriesPerRequest: 0 },
    ...{ connectTimeout: answerTimeoutMs, commandTimeout: answerTimeoutMs },
  });
  // Whatever fails is told by the calls below.
  client.on("error", () => {});
  try {
    await client.connect();
    const reply: unknown = await client.config("GET", "dir");
    // The port may be another program's by now, even another Redis's.
    if (!Array.isArray(reply) || reply[1] !== folder) return false;
    // A server that ends drops the connection in place of an answer.
    await client.call("SHUTDOWN").catch(() => undefined);
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
