/**
 * `headgate-api`: serves the HTTP API and the board until SIGTERM or SIGINT, and takes over changes of
 * clients in headgate.yaml as they are made, or at SIGHUP. Exit codes: 0 after a clean stop, 1 where
 * it cannot listen or stop, 2 for a wrong configuration or argument.
 */
import { parseArgs } from "node:util";
import { guardLog, logDestination, watchConfig } from "@headgate/config";
import { isBulkError } from "@headgate/core";
import { pino } from "pino";
import { ownVersion, readApiConfig } from "./config.ts";
import { createApiLogger } from "./logger.ts";
import { startApi } from "./start-api.ts";

const help = `Usage: headgate-api [options]

Serves headgate's HTTP API. Reads headgate.yaml: the file that HEADGATE_CONFIG names,
else the one in the working folder. HEADGATE__SECTION__KEY overrides a setting.

Options:
  -V, --version  print the version
  -h, --help     print this help
`;

async function serve(): Promise<void> {
  const loaded = readApiConfig(process.env);
  const destination = pino.destination(logDestination);
  const logger = createApiLogger(loaded.config.logLevel, destination);
  const log = guardLog(destination, (lines) => logger.warn({ lines }, "log.dropped"));
  const api = await startApi(loaded, { logger });
  logger.info({ url: api.url, docs: `${api.url}/docs` }, "listening");

  const stopping = new AbortController();
  const watch = watchConfig(loaded, {
    signal: stopping.signal,
    onChange: (next, changes) => {
      api.reconfigure(next);
      logger.level = next.config.logLevel;
      logger.info(changes, "configuration taken over");
    },
    onFault: (error) => logger.error({ fault: error.message }, "configuration not taken over"),
  });
  process.on("SIGHUP", () => watch.reload());

  const leave = async (): Promise<void> => {
    let exitCode = 0;
    try {
      await Promise.all([api.close(), watch.ended]);
    } catch (error) {
      logger.error({ err: error }, "closing failed");
      exitCode = 1;
    }
    await log.close();
    process.exit(exitCode);
  };
  const stop = (signal: string): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    logger.info({ signal }, "closing");
    void leave();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** What the arguments ask to be printed; undefined where they ask to serve. */
function printed(): string | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "V" },
    },
  });
  if (values.help === true) return help;
  return values.version === true ? `${ownVersion()}\n` : undefined;
}

try {
  const text = printed();
  if (text === undefined) await serve();
  else process.stdout.write(text);
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error;
  const misconfigured = isUsage || isBulkError(error, "ERR_CONFIG");
  const foreseen = misconfigured || (error instanceof Error && "syscall" in error);
  if (!foreseen) throw error;
  process.stderr.write(`headgate-api: ${error.message}\n`);
  process.exit(misconfigured ? 2 : 1);
}
