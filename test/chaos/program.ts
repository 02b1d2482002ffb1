/** One program of a run as a child process: its log, its readiness, its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  /** TypeScript file that Node runs. */
  readonly script: URL;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where stdout and stderr are added to. */
  readonly logFile: string;
  /** Whether this line of stdout says that the program is ready. */
  readonly isReady: (line: string) => boolean;
}

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Its last lines on stderr. */
  readonly lastWords: string;
}

export interface Program {
  readonly pid: number;
  /** The line that says that it is ready; undefined where it ends before. */
  readonly ready: Promise<string | undefined>;
  readonly ended: Promise<ProgramEnd>;
  kill(signal: NodeJS.Signals): void;
}

const preload = new URL("end-with-parent.ts", import.meta.url).href;
const linesKept = 12;

/** Starts a program by this Node, from the sources. */
export function startProgram(options: ProgramOptions): Program {
  const child = spawn(
    process.execPath,
    [
      ...["--conditions=@headgate/source", "--import", preload],
      ...[options.script.pathname, ...(options.args ?? [])],
    ],
    { env: { PATH: process.env.PATH ?? "", ...options.environment }, stdio: "pipe" },
  );
  const log = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  const { promise: ready, resolve } = Promise.withResolvers<string | undefined>();
  const lastWords: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    log.write(`${line}\n`);
    if (options.isReady(line)) resolve(line);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    log.write(`${line}\n`);
    lastWords.push(line);
    if (lastWords.length > linesKept) lastWords.shift();
  });
  // A program that has just been killed does not read what holds it.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then(([code, signal]) => {
    resolve(undefined);
    log.end();
    return {
      code: code as number | null,
      signal: signal as string | null,
      lastWords: lastWords.join("\n"),
    };
  });
  return { pid: child.pid ?? 0, ready, ended, kill: (signal) => void child.kill(signal) };
}
