/** One program of the fleet as a child process: its log, its readiness, its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { DemoError } from "./demo-error.ts";
import type { Watchdog } from "./watchdog.ts";

export interface ChildOptions {
  /** For messages. */
  readonly name: string;
  /** JavaScript file that Node runs. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where stdout and stderr are written. */
  readonly logFile: string;
  /** Whether this line of stdout says that the program is ready. */
  readonly isReady: (line: string) => boolean;
  /** Told when the program ends without having been stopped. */
  readonly onUnexpectedEnd: (error: DemoError) => void;
  readonly watchdog: Watchdog;
}

export interface ChildProgram {
  /** The line that says that it is ready; rejects with DemoError when it ends before. */
  readonly ready: Promise<string>;
  /** SIGTERM, and SIGKILL after 15 s; resolves when the program has ended. */
  stop(): Promise<void>;
}

const graceMs = 15_000;
const linesTold = 12;

/** Starts a program in a session of its own, so that Ctrl-C reaches the demo first. */
export function startChild(options: ChildOptions): ChildProgram {
  const { name, script, args = [], env, isReady, watchdog } = options;
  const child = spawn(process.execPath, [script, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const ended = once(child, "close");
  const log = createWriteStream(options.logFile, { mode: 0o600 });
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  // Whoever waits for readiness sees it; without a waiter the end is told by onUnexpectedEnd.
  ready.catch(() => undefined);
  if (child.pid !== undefined) watchdog.watch(child.pid);

  const lastLines = { stdout: [] as string[], stderr: [] as string[] };
  for (const stream of ["stdout", "stderr"] as const)
    createInterface({ input: child[stream] }).on("line", (line) => {
      log.write(`${line}\n`);
      const kept = lastLines[stream];
      kept.push(line);
      if (kept.length > linesTold) kept.shift();
      if (stream === "stdout" && isReady(line)) resolve(line);
    });

  let stopping = false;
  ended.then(
    ([code, signal]) => {
      log.end();
      if (stopping) return;
      const { stderr, stdout } = lastLines;
      const told = (stderr.length > 0 ? stderr : stdout).map((line) => `  ${line}`);
      const how = signal === null ? `exit code ${code}` : String(signal);
      const error = new DemoError("failed", [`${name} ended (${how})`, ...told].join("\n"));
      reject(error);
      options.onUnexpectedEnd(error);
    },
    (cause: unknown) => {
      const error = new DemoError("failed", `${name} cannot be started`, { cause });
      reject(error);
      options.onUnexpectedEnd(error);
    },
  );
  return {
    ready,
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const done = new AbortController();
      const late = delay(graceMs, "late", { signal: done.signal }).catch(() => "ended");
      if ((await Promise.race([ended, late])) === "late") child.kill("SIGKILL");
      done.abort();
      await ended;
    },
  };
}
