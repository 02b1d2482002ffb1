/** The CLI and an API as real processes. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const testKey = "headgate_cli-test";

export interface TestApi {
  readonly url: string;
  /** Sends a command to the API's process and settles when it is obeyed; requests before that are forgotten. */
  send(command: object): Promise<void>;
  /** Settles when a request of this method has been answered so (0: lost) since the last command. */
  request(method: string, status: number): Promise<void>;
  stop(): Promise<void>;
}

interface Report {
  readonly kind: string;
  readonly url?: string;
  readonly method?: string;
  readonly status?: number;
}

// By path, for the CLI imports nothing of the API, its tests included.
const apiFile = fileURLToPath(
  new URL("../../api/src/in-memory-api.test-support.ts", import.meta.url),
);
const cliFile = fileURLToPath(new URL("main.ts", import.meta.url));
const conditions = "--conditions=@headgate/source";

const { PATH, NODE_COMPILE_CACHE } = process.env;
/** What a program needs to start, and to start quickly. */
const inherited = { PATH, NODE_COMPILE_CACHE };

export async function startTestApi(): Promise<TestApi> {
  const child = fork(apiFile, {
    execArgv: [conditions],
    env: { ...inherited, TEST_API_KEY: testKey },
  });
  let reports: Report[] = [];
  const waiting = new Set<() => void>();
  child.on("message", (report: Report) => {
    // What was reported before a command was obeyed came before it.
    if (report.kind === "done") reports = [];
    reports.push(report);
    for (const look of waiting) look();
  });
  const reported = (wanted: (report: Report) => boolean): Promise<Report> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = reports.find(wanted);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const { url = "" } = await reported(({ kind }) => kind === "listening");
  return {
    url,
    async send(command) {
      reports = [];
      child.send(command);
      await reported(({ kind }) => kind === "done");
    },
    async request(method, status) {
      await reported((report) => report.method === method && report.status === status);
    },
    async stop() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

export interface Run {
  readonly child: ChildProcess;
  /** Settles with all that the command said when it has ended. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** Starts `headgate` with these arguments, and no environment but this. */
export function startHeadgate(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  options: { readonly cwd?: string; readonly stdin?: string } = {},
): Run {
  const child = spawn(process.execPath, [conditions, cliFile, ...args], {
    cwd: options.cwd,
    env: { ...inherited, ...environment },
    stdio: "pipe",
  });
  child.stdin.end(options.stdin ?? "");
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
    ([stdout, stderr, [code]]) => ({ code, stdout, stderr }),
  );
  running.add(child);
  child.once("close", () => running.delete(child));
  return { child, ended };
}

const running = new Set<ChildProcess>();

/** Ends the commands that a failed test has left behind. */
export function killLeftHeadgates(): void {
  for (const child of running) child.kill("SIGKILL");
}
