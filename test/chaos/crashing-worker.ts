/**
 * The worker of a run: headgate's own, with times scaled to the run's window, which can kill itself at
 * a named point. SIGTERM drains it, as it does the shipped command.
 */
import { bytes, defaultReapSettings, milliseconds } from "@headgate/core";
import { readWorkerConfig, startWorker } from "@headgate/worker";
import { scaled } from "./scale.ts";

function write(msg: string, measures: object = {}): void {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), msg, ...measures })}\n`);
}

const worker = await startWorker(readWorkerConfig(process.env), {
  emit: ({ type, ...measures }) => write(type, measures),
  tuning: {
    limits: { windowMs: milliseconds(scaled.fleetWindowMs) },
    lockMs: milliseconds(scaled.lockMs),
    sweepEveryMs: milliseconds(scaled.sweepEveryMs),
    steps: {
      maxPartBytes: bytes(scaled.maxPartBytes),
      observeEveryMs: milliseconds(scaled.observeEveryMs),
      createGraceMs: milliseconds(scaled.createGraceMs),
      reap: { ...defaultReapSettings, graceMs: milliseconds(scaled.reapGraceMs) },
    },
  },
});
process.once("SIGTERM", () => {
  // Whoever cannot end is killed by the run, which counts that as a fault of headgate.
  worker.close().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`close failed: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
write("worker.ready");
