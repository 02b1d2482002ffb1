/** Brings changes of headgate.yaml into a worker that runs. */
import { type LoadedConfig, watchConfig } from "@headgate/config";
import type { Logger } from "pino";
import type { RunningWorker } from "./start-worker.ts";

/** A configuration that is followed. */
export interface FollowedConfig {
  /** Reads it at once, as on SIGHUP. */
  readonly reload: () => void;
  close(): void;
}

/** Logs what is taken over, what needs a restart, and what is wrong; then the old configuration stays. */
export function followConfig(
  loaded: LoadedConfig,
  {
    worker,
    logger,
  }: { readonly worker: Pick<RunningWorker, "reconfigure">; readonly logger: Logger },
): FollowedConfig {
  const stop = new AbortController();
  const { reload } = watchConfig(loaded, {
    signal: stop.signal,
    onChange(next, { applied, needRestart }) {
      logger.level = next.config.logLevel;
      logger.info({ applied }, "config.changed");
      if (needRestart.length > 0) logger.warn({ settings: needRestart }, "config.needs-restart");
      worker.reconfigure(next).catch((error: unknown) => {
        logger.error({ message: String(error) }, "config.not-taken-over");
      });
    },
    onFault(error) {
      logger.error({ message: error.message }, "config.faulty");
    },
  });
  return { reload, close: () => stop.abort() };
}
