/**
 * Keeps a log that cannot be written from stopping the process that writes it: a pipe that nobody
 * reads, a full disk. What does not fit is dropped and counted, and the count is told once there is
 * room again.
 */

/** Bytes that may wait to be written: 4 MiB. */
export const maxLogBacklogBytes: number = 4 * 1024 * 1024;

/** How a destination of pino's must be opened to be guarded: writes are not waited for. */
export const logDestination = { dest: 1, sync: false, maxLength: maxLogBacklogBytes } as const;

/** As much of pino's destination as is needed. */
export interface LogStream {
  on(event: "drop" | "error" | "drain", listener: () => void): unknown;
  flush(done: () => void): void;
  destroy(): void;
}

export interface LogGuard {
  /** Writes out what waits, for at most half a second, then lets go of the rest. */
  close(): Promise<void>;
}

/** Longest wait for the last lines at the end of a process. */
const flushMs = 500;

/** Guards a destination that was opened as `logDestination` says; `tell` logs how many lines are lost. */
export function guardLog(stream: LogStream, tell: (lines: number) => void): LogGuard {
  let dropped = 0;
  stream.on("drop", () => {
    dropped += 1;
  });
  // Without a listener a full disk would end the process; the line is tried again with the next one.
  stream.on("error", () => undefined);
  stream.on("drain", () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    tell(lines);
  });
  return {
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, flushMs);
      stream.flush(resolve);
      await promise;
      clearTimeout(timer);
      stream.destroy();
    },
  };
}
