/** An API that serves: joins the doors on Redis with the HTTP API, as `headgate.yaml` says. */
import type { AddressInfo } from "node:net";
import { type LoadedConfig, signingKeysOf } from "@headgate/config";
import { createProducer, createSeals } from "@headgate/orchestrator/producer";
import { createUploadFolder } from "@headgate/part-source/uploads";
import type { FastifyBaseLogger } from "fastify";
import { boardOf, ownVersion } from "./config.ts";
import { createApi } from "./create-api.ts";
import { createJwtLogin } from "./login/jwt-login.ts";

export interface StartApiOptions {
  readonly logger: FastifyBaseLogger;
}

/** An API that listens. */
export interface RunningApi {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes over the clients of a changed configuration, from the next request on. */
  reconfigure(next: LoadedConfig): void;
  /** Lets running requests end, ends streams, closes all connections. */
  close(): Promise<void>;
}

/**
 * Connects to Redis, goes on connecting where it is away, and listens. Throws ERR_CONFIG, and Node's
 * error where it cannot listen; then nothing is left open.
 */
export async function startApi(
  loaded: LoadedConfig,
  { logger }: StartApiOptions,
): Promise<RunningApi> {
  const { config } = loaded;
  const { redis, api } = config;
  let { clients } = loaded;
  // All that can be wrong with the configuration comes before anything is opened.
  const board = boardOf(config);
  const uploads = config.sources.uploads && createUploadFolder(config.sources.uploads);
  const jwt = config.jwt && createJwtLogin(config.jwt);
  const producer = await createProducer({
    redisUrl: redis.url.reveal(),
    prefix: redis.prefix,
    connections: Object.keys(config.connections),
    retentionDays: config.retention.days,
    seals: createSeals(signingKeysOf(redis)),
    emit: (event) => logger.info(event, event.type),
  });
  const { queues } = producer;
  const app = createApi({
    doors: { ...producer, uploads },
    clients: () => clients,
    jwt,
    rateStore: { redis: producer.redis, nameSpace: `${redis.prefix}:requests-of:` },
    boardQueues: [queues.loads, queues.bulkJobs, queues.runs, queues.errands, queues.upkeep],
    board,
    logger,
    version: ownVersion(),
  });
  app.addHook("onClose", async () => producer.close());
  try {
    await app.listen({ host: api.host, port: api.port });
  } catch (error) {
    await app.close();
    throw error;
  }
  return {
    url: urlOf(app.server.address(), api.host),
    reconfigure(next) {
      clients = next.clients;
    },
    close: () => app.close(),
  };
}

function urlOf(address: string | AddressInfo | null, host: string): string {
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
