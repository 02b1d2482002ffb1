/** The `headgate-worker` command: everything comes from the environment, see README.md. */
import { isBulkError } from "@headgate/core";
import { pino } from "pino";
import { readWorkerConfig } from "./config.ts";
import { logEvents } from "./log-events.ts";
import { startWorker } from "./start-worker.ts";

async function main(): Promise<void> {
  const { logLevel, stopMs, ...options } = readWorkerConfig(process.env);
  const logger = pino({ name: "headgate-worker", level: logLevel });
  const worker = await startWorker(options, logEvents(logger));
  const stop = async (signal: string): Promise<void> => {
    // A worker that cannot reach Redis cannot give its tasks back; others take them over.
    setTimeout(() => {
      logger.error({ signal, stopMs }, "worker.stopped-late");
      process.exit(1);
    }, stopMs);
    await worker.close();
    logger.info({ signal }, "worker.stopped");
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  logger.info({ connection: options.connection.name }, "worker.ready");
}

main().catch((error: unknown) => {
  const text = isBulkError(error) ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`headgate-worker: ${text}\n`);
  process.exit(isBulkError(error, "ERR_CONFIG") ? 2 : 1);
});
