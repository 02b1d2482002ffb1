/**
 * The `headgate-worker` command: takes tasks until SIGTERM or SIGINT. Exit codes: 0 after a clean stop,
 * 1 where it cannot start, go on or stop, 2 for a wrong flag or configuration.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { guardLog, logDestination } from "@headgate/config";
import { isBulkError } from "@headgate/core";
import { pino } from "pino";
import { readWorkerConfig } from "./config.ts";
import { followConfig } from "./follow-config.ts";
import { logEvents } from "./log-events.ts";
import { startWorker } from "./start-worker.ts";

const help = `Usage: headgate-worker

Plans loads, claims slots, runs bulk jobs and schedules, until SIGTERM. Start as many as you like.
An upload under way at SIGTERM may end within worker.drainSeconds; a second SIGTERM cuts it off.

It reads the file that HEADGATE_CONFIG names, else ./headgate.yaml; environment variables such as
HEADGATE__REDIS__URL go over it. SIGHUP reads the file again; it is also watched.

  --help      print this
  --version   print the version
`;

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: { help: { type: "boolean" }, version: { type: "boolean" } },
  });
  if (flags.help) return void process.stdout.write(help);
  if (flags.version) return void process.stdout.write(`${ownVersion()}\n`);
  await work();
}

async function work(): Promise<void> {
  const loaded = readWorkerConfig(process.env);
  const destination = pino.destination(logDestination);
  const logger = pino({ name: "headgate-worker", level: loaded.config.logLevel }, destination);
  const log = guardLog(destination, (lines) => logger.warn({ lines }, "log.dropped"));
  const worker = await startWorker(loaded, { emit: logEvents(logger) });
  const config = followConfig(loaded, { worker, logger });
  let stopping = false;
  const stop = async (why: string, exitCode = 0): Promise<void> => {
    if (stopping) return worker.hurry();
    stopping = true;
    const stopMs = loaded.config.worker.stopSeconds * 1000;
    // A worker that cannot reach Redis cannot give its tasks back; others take them over.
    setTimeout(async () => {
      logger.error({ signal: why, stopMs }, "worker.stopped-late");
      await log.close();
      process.exit(1);
    }, stopMs);
    config.close();
    await worker.close();
    logger.info({ signal: why }, "worker.stopped");
    await log.close();
    process.exit(exitCode);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));
  void worker.dead.then(() => stop("no task is taken", 1));
  process.on("SIGHUP", config.reload);
  logger.info({ connections: Object.keys(loaded.config.connections) }, "worker.ready");
}

function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version }: { readonly version: string } = JSON.parse(text);
  return version;
}

main().catch((error: unknown) => {
  const wrongFlag = error instanceof TypeError && "code" in error;
  const text = isBulkError(error) ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`headgate-worker: ${wrongFlag ? error.message : text}\n`);
  process.exit(wrongFlag || isBulkError(error, "ERR_CONFIG") ? 2 : 1);
});
