/** Keeps a program running as a service manager would: whenever it ends, it is started again. */
import { setTimeout as delay } from "node:timers/promises";
import type { Program, ProgramEnd } from "./program.ts";

/** A program that comes back. */
export interface Service {
  readonly name: string;
  /** Resolves when the program that runs now is ready, or the next that is. */
  ready(): Promise<void>;
  /** Since when the program that runs now is ready, by `performance.now()`; undefined while it is not. */
  readySince(): number | undefined;
  /** Sends a signal to the program that runs now. */
  kill(signal: NodeJS.Signals): void;
  /** Stops the program for a while, as a machine that is paused. */
  pause(forMs: number): Promise<void>;
  /** SIGTERM, and resolves when the program has ended; it is started again. */
  drain(): Promise<ProgramEnd>;
  /** Ends it for good: SIGTERM, and SIGKILL after 12 s. */
  close(): Promise<ProgramEnd>;
}

const restartMs = 150;
const graceMs = 12_000;

/** Starts the program and keeps it running. `onEnd` is told of every end but the last. */
export function supervise(
  name: string,
  start: () => Program,
  onEnd: (end: ProgramEnd, wanted: boolean) => void,
): Service {
  let program = start();
  let isClosing = false;
  let asked: NodeJS.Signals | undefined;
  let readySince: number | undefined;
  const follow = (): void => {
    const followed = program;
    readySince = undefined;
    void followed.ready.then((line) => {
      if (followed === program && line !== undefined) readySince = performance.now();
    });
    void followed.ended.then(async (end) => {
      if (isClosing) return;
      const isWanted = asked === "SIGKILL" ? end.signal === "SIGKILL" : asked === "SIGTERM";
      asked = undefined;
      readySince = undefined;
      onEnd(end, isWanted);
      await delay(restartMs);
      if (isClosing) return;
      program = start();
      follow();
    });
  };
  follow();
  const kill = (signal: NodeJS.Signals): void => {
    // A kill ends what was asked to end softly, too.
    asked = signal;
    program.kill(signal);
  };
  return {
    name,
    async ready() {
      while ((await program.ready) === undefined && !isClosing) await delay(restartMs);
    },
    readySince: () => readySince,
    kill,
    async pause(forMs) {
      const paused = program;
      paused.kill("SIGSTOP");
      await Promise.race([delay(forMs), paused.ended]);
      paused.kill("SIGCONT");
    },
    async drain() {
      const { ended } = program;
      kill("SIGTERM");
      return await ended;
    },
    async close() {
      isClosing = true;
      const { ended } = program;
      program.kill("SIGCONT");
      program.kill("SIGTERM");
      const timer = setTimeout(() => program.kill("SIGKILL"), graceMs);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
}
