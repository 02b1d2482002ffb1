/**
 * Ends the demo's programs and removes its folder should the demo itself be killed: a small shell
 * waits on a pipe that the kernel closes when this process ends in whatever way, SIGKILL included.
 * Only a SIGKILL of that shell as well would leave something.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";

export interface Watchdog {
  /** Has this process killed, too, when the demo dies. */
  watch(pid: number): void;
  /** Ends the watch and removes the folder; the caller has ended the processes. */
  close(): Promise<void>;
}

const script = `
pids=
while read -r pid; do pids="$pids $pid"; done
[ -z "$pids" ] || kill -9 $pids
rm -rf -- "$1"
`;

/** Starts the watch over `folder` and every process that `watch` is told of. */
export function startWatchdog(folder: string): Watchdog {
  // In a session of its own: signals that are sent to the demo's group must not reach it.
  const shell = spawn("sh", ["-c", script, "sh", folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const ended = once(shell, "exit");
  shell.unref();
  // A shell that is gone cannot watch; the demo itself still ends what it started.
  shell.stdin.on("error", () => undefined);
  return {
    watch(pid) {
      shell.stdin.write(`${pid}\n`);
    },
    async close() {
      shell.ref();
      // The ids it knows may now be other processes'.
      shell.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
