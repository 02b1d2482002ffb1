/**
 * `npm run demo`: headgate's main job on one machine, from start to verdict. Ends everything it
 * started however it ends. Exit code 0 for a good verdict, 1 for any other, 2 for wrong arguments,
 * 128 and the signal's number where it was interrupted.
 */
import { mkdtemp } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { isBulkError } from "@headgate/core";
import { readDemoConfig, usage } from "./config.ts";
import { DemoError } from "./demo-error.ts";
import { placesOf, runDemo } from "./run-demo.ts";
import { createScreen } from "./screen.ts";
import { startWatchdog } from "./watchdog.ts";

try {
  const config = readDemoConfig(process.argv.slice(2), process.env);
  if (config.help) process.stdout.write(usage);
  else process.exitCode = await main(config);
} catch (error) {
  if (!isBulkError(error, "ERR_CONFIG")) throw error;
  process.stderr.write(`headgate demo: ${error.message}\n\n${usage}`);
  process.exitCode = 2;
}

async function main(config: ReturnType<typeof readDemoConfig>): Promise<number> {
  const screen = createScreen(config.json ? process.stderr : process.stdout);
  const stop = new AbortController();
  const interrupted = interruptible(stop);
  const folder = await mkdtemp(join(tmpdir(), "headgate-demo-"));
  const watchdog = startWatchdog(folder);
  const cleanUps = [watchdog.close];
  try {
    const { summary, fleet } = await runDemo(config, {
      folder,
      watchdog,
      cleanUps,
      onUnexpectedEnd: (error) => stop.abort(error),
      screen,
      signal: stop.signal,
    });
    if (config.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    if (config.keep) {
      for (const line of placesOf(fleet)) screen.say(line);
      await aborted(stop.signal);
      if (interrupted() === undefined) throw stop.signal.reason;
    }
    return summary.ok ? 0 : 1;
  } catch (error) {
    const signal = interrupted();
    if (signal !== undefined) {
      screen.say(`headgate demo: interrupted by ${signal}`);
      return 128 + constants.signals[signal];
    }
    const cause: unknown = stop.signal.aborted ? stop.signal.reason : error;
    screen.say(`headgate demo: ${told(cause)}`);
    return 1;
  } finally {
    await cleanUp(cleanUps, screen.say);
  }
}

/** The first signal aborts `stop`; a second one ends the process, and the watchdog the rest. */
function interruptible(stop: AbortController): () => NodeJS.Signals | undefined {
  let first: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (first !== undefined) process.exit(128 + constants.signals[signal]);
    first = signal;
    stop.abort(new DemoError("interrupted", `interrupted by ${signal}`));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  return () => first;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function cleanUp(
  cleanUps: readonly (() => Promise<unknown>)[],
  say: (line: string) => void,
): Promise<void> {
  for (const step of cleanUps.toReversed())
    try {
      await step();
    } catch (error) {
      // The rest must still be removed.
      say(`headgate demo: at the end: ${told(error)}`);
    }
}

function told(error: unknown): string {
  if (error instanceof DemoError || isBulkError(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
