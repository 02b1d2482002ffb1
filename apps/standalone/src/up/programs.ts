/** API and worker side by side in this process. */
import { type RunningApi, startApi } from "@headgate/api";
import { type LoadedConfig, watchConfig } from "@headgate/config";
import { seconds } from "@headgate/core";
import { logEvents, type RunningWorker, startWorker } from "@headgate/worker";
import type { Logger } from "pino";

export interface Programs {
  /** Where the API answers on this machine. */
  readonly apiUrl: string;
  /** Resolves when the worker has stopped taking tasks by itself, for good. */
  readonly workerDead: Promise<void>;
  /** Stops taking requests, then gives the tasks under way back. */
  close(): Promise<void>;
}

/** Tasks under way when the machine failed rest so long after the next start; a fleet's 30 s are for networks. */
const lockMs = seconds(10);

/**
 * Starts both and takes over changed schedules and clients from then on. Throws what either throws;
 * then the other is stopped.
 */
export async function startPrograms(loaded: LoadedConfig, logger: Logger): Promise<Programs> {
  const apiLogger = logger.child({}, { level: apiLevel(loaded.config.logLevel) });
  const [worker, api] = await Promise.allSettled([
    startWorker(loaded, { emit: logEvents(logger), tuning: { lockMs } }),
    startApi(loaded, { logger: apiLogger }),
  ]);
  if (worker.status === "rejected" || api.status === "rejected") {
    for (const each of [worker, api]) if (each.status === "fulfilled") await each.value.close();
    throw worker.status === "rejected" ? worker.reason : Object(api).reason;
  }
  return running(loaded, { worker: worker.value, api: api.value, logger, apiLogger });
}

/** One user's own requests are no news at level info. */
function apiLevel(level: string): string {
  return level === "info" ? "warn" : level;
}

function running(
  loaded: LoadedConfig,
  parts: {
    readonly worker: RunningWorker;
    readonly api: RunningApi;
    readonly logger: Logger;
    readonly apiLogger: Logger;
  },
): Programs {
  const { worker, api, logger, apiLogger } = parts;
  const stopped = new AbortController();
  const watch = watchConfig(loaded, {
    signal: stopped.signal,
    onChange: (next, changes) => {
      api.reconfigure(next);
      logger.level = next.config.logLevel;
      apiLogger.level = apiLevel(next.config.logLevel);
      logger.info(changes, "configuration changed");
      worker.reconfigure(next).catch((error: unknown) => {
        logger.error({ err: error }, "schedules are as before");
      });
    },
    onFault: (error) => logger.error(`configuration as before: ${error.message}`),
  });
  return {
    apiUrl: api.url.replace(/\/\/(0\.0\.0\.0|\[::\])/, "//127.0.0.1"),
    workerDead: worker.dead,
    async close() {
      stopped.abort();
      await watch.ended;
      await api.close();
      await worker.close();
    },
  };
}
