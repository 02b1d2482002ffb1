/** A worker as a process of its own, followed through its log. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when it takes tasks; rejects where it ends before. */
  readonly ready: Promise<void>;
  /** How it ended. */
  readonly ended: Promise<WorkerEnd>;
  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGHUP" | "SIGUSR2"): void;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/**
 * `shipped` is the command that users run, from its source; `built` the same as `tsc -b` has built it;
 * `tuned` takes shorter times from HEADGATE_TEST_TUNING.
 */
export type WorkerProgram = "shipped" | "built" | "tuned";

const fromSource = "--conditions=@headgate/source";
const programs: Readonly<Record<WorkerProgram, readonly string[]>> = {
  shipped: [fromSource, fileOf("../../apps/worker/src/main.ts")],
  built: [fileOf("../../apps/worker/bin/headgate-worker.mjs")],
  tuned: [fromSource, fileOf("tuned-worker.ts")],
};

const { PATH, NODE_COMPILE_CACHE } = process.env;
const inherited = { PATH, NODE_COMPILE_CACHE };

/** One event of the worker's log: its type as `msg`, its measures beside it. */
export interface LogLine {
  readonly msg: string;
}

export function startWorkerProcess(options: {
  readonly program: WorkerProgram;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (line: LogLine) => void;
}): WorkerProcess {
  const child = spawn(process.execPath, programs[options.program], {
    env: { ...inherited, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  // Whoever waits for readiness sees it; the end is told by `ended` too.
  ready.catch(() => undefined);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as LogLine;
    if (line.msg === "worker.ready") resolve();
    options.onLine(line);
  });
  const ended = once(child, "close").then(([code, signal]) => {
    reject(new Error(`the worker ended before it was ready: ${stderr}`));
    return { code: code as number | null, signal: signal as string | null, stderr };
  });
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    kill: (signal) => void child.kill(signal),
  };
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
