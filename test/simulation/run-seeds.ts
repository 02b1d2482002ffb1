/** Runs many seeds in several processes, each seed in one. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { FromSlice, ToSlice } from "./slice-messages.ts";
import type { TraceKind } from "./trace.ts";

export interface RunSeedsOptions {
  readonly from: number;
  readonly count: number;
  /** Name of the bug that is put into the sources. */
  readonly bug?: string | undefined;
  readonly processes: number;
  /** Default hash. */
  readonly traced?: TraceKind;
  /** Whether no further seed begins. */
  readonly isEnough: (result: FromSlice) => boolean;
  readonly onResult: (result: FromSlice) => void;
}

/** Resolves when all seeds are done, or enough of them. Rejects where a process ends by itself. */
export async function runSeeds(options: RunSeedsOptions): Promise<void> {
  const last = options.from + options.count;
  let next = options.from;
  let isOver = false;
  await Promise.all(
    Array.from({ length: Math.min(options.processes, options.count) }, async () => {
      const slice = startSlice(options.bug);
      try {
        while (next < last && !isOver) {
          const result = await ask(slice, { seed: next++, traced: options.traced ?? "hash" });
          options.onResult(result);
          if (options.isEnough(result)) isOver = true;
        }
      } finally {
        slice.kill();
      }
    }),
  );
}

function startSlice(bug: string | undefined): ChildProcess {
  return fork(join(import.meta.dirname, "slice.ts"), bug === undefined ? [] : [bug], {
    execArgv: [
      "--conditions=@headgate/source",
      "--disable-warning=ExperimentalWarning",
      "--max-semi-space-size=32",
    ],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

function ask(slice: ChildProcess, message: ToSlice): Promise<FromSlice> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`the process of seed ${message.seed} ended with ${code}`));
    slice.once("exit", ended);
    slice.once("message", (result: FromSlice) => {
      slice.off("exit", ended);
      resolve(result);
    });
    slice.send(message);
  });
}
