/** Takes over changes of headgate.yaml while a process runs. */
import { setInterval } from "node:timers/promises";
import { type BulkError, isBulkError } from "@headgate/core";
import { type ConfigChanges, changesBetween } from "./changed-settings.ts";
import { crossFaults } from "./cross-faults.ts";
import { configError, placed } from "./fault.ts";
import { assemble, type LoadedConfig } from "./loaded-config.ts";
import { readText } from "./read-text.ts";

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /**
   * Told of each change: `next` has the new schedules, clients, preflight and log level, and all else
   * as it was. Not called where the file says the same as before.
   */
  readonly onChange: (next: LoadedConfig, changes: ConfigChanges) => void;
  /** Told of a file that is wrong or gone (ERR_CONFIG); what was loaded stays. */
  readonly onFault: (error: BulkError) => void;
  /** Time between two looks at the file. Default 2 s. */
  readonly everyMs?: number;
}

export interface ConfigWatch {
  /** Looks at once, as on SIGHUP. */
  reload(): void;
  /** Resolves when the signal has ended the watch. */
  readonly ended: Promise<void>;
}

/**
 * Watches the file by its content, so that it does not matter whether an editor or a mount writes it
 * anew, renames or links it. A file that changes is read once it has stayed the same for two looks.
 * Without a file there is nothing to watch, for the environment of a process does not change.
 */
export function watchConfig(loaded: LoadedConfig, options: WatchOptions): ConfigWatch {
  const { path } = loaded;
  let current = loaded;
  let seen = contentOf(path);
  let changed: string | undefined;

  function reload(): void {
    changed = undefined;
    seen = contentOf(path);
    try {
      const reread = current.reread();
      const changes = changesBetween(current.config, reread.config);
      if (changes.applied.length + changes.needRestart.length === 0) return;
      current = takenOver(current, reread);
      options.onChange(current, changes);
    } catch (error) {
      if (!isBulkError(error, "ERR_CONFIG")) throw error;
      options.onFault(error);
    }
  }

  function look(): void {
    const content = contentOf(path);
    if (content === seen) changed = undefined;
    else if (content === changed) reload();
    else changed = content;
  }

  async function watch(): Promise<void> {
    const { signal, everyMs = 2000 } = options;
    try {
      for await (const _ of setInterval(everyMs, undefined, { signal, ref: false })) look();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  return { reload, ended: path === undefined ? Promise.resolve() : watch() };
}

/** A file that is not there differs from every content. */
function contentOf(path: string | undefined): string {
  if (path === undefined) return "";
  const read = readText(path);
  return read.kind === "read" ? read.text : `\0${read.code}`;
}

/**
 * The running configuration with the sections that can be taken over. Throws ERR_CONFIG where they
 * speak of something that only a restart would bring.
 */
function takenOver(running: LoadedConfig, reread: LoadedConfig): LoadedConfig {
  const { schedules, clients, preflight, logLevel } = reread.config;
  const config = { ...running.config, schedules, clients, preflight, logLevel };
  const faults = crossFaults({
    connections: Object.keys(config.connections),
    clientNames: Object.keys(clients),
    clients,
    schedules,
    streamClient: config.streamClient,
    catalogues: running.catalogues,
  });
  if (faults.length > 0)
    throw configError(
      faults.map((fault) => placed(fault, () => `${running.path} (needs a restart)`)),
    );
  return assemble({ ...running, config });
}
