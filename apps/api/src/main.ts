/**
 * `headgate-api`: serves the HTTP API and the board until SIGTERM or SIGINT. Exit codes: 0 after a
 * clean stop, 1 where it cannot listen or stop, 2 for a wrong configuration.
 */
import { isBulkError } from "@headgate/core";
import { createProducer } from "@headgate/orchestrator/producer";
import { readConfig } from "./config.ts";
import { createApi } from "./create-api.ts";
import { createApiLogger } from "./logger.ts";

async function serve(): Promise<void> {
  const config = readConfig();
  const logger = createApiLogger(config.logLevel);
  const producer = await createProducer({
    redisUrl: config.redisUrl.reveal(),
    prefix: config.keyPrefix,
    connections: config.connections,
    emit: (event) => logger.info(event, event.type),
  });
  const { loads, queues } = producer;
  const api = createApi({
    loads,
    keys: config.keys,
    boardQueues: [queues.loads, queues.bulkJobs, queues.upkeep],
    board: config.board,
    logger,
  });
  api.addHook("onClose", async () => producer.close());

  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, "closing");
    api.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, "closing failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  try {
    await api.listen({ host: config.host, port: config.port });
  } catch (error) {
    await api.close();
    throw error;
  }
}

try {
  await serve();
} catch (error) {
  const misconfigured = isBulkError(error, "ERR_CONFIG");
  const foreseen = misconfigured || (error instanceof Error && "syscall" in error);
  if (!foreseen) throw error;
  process.stderr.write(`headgate-api: ${error.message}\n`);
  process.exit(misconfigured ? 2 : 1);
}
