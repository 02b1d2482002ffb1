/**
 * The worker of a run: headgate's own, with times scaled to the run's window, which can kill itself at
 * a named point. SIGTERM drains it, as it does the shipped command.
 */
import { bytes, defaultReapSettings, isBulkError, milliseconds } from "@headgate/core";
import { type EmitEvent, teeEvents } from "@headgate/orchestrator";
import { readWorkerConfig, startWorker } from "@headgate/worker";
import { armCrash } from "./crash-at.ts";
import { scaled } from "./scale.ts";

function write(msg: string, measures: object = {}): void {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), msg, ...measures })}\n`);
}

const crash = armCrash(process.env);
const { CHAOS_CREATE_GRACE_MS = String(scaled.createGraceMs), CHAOS_MAX_FILES } = process.env;
const log: EmitEvent = ({ type, ...measures }) => write(type, measures);

const worker = await startWorker(readWorkerConfig(process.env), {
  emit: crash === undefined ? log : teeEvents(log, crash),
  tuning: {
    limits: { windowMs: milliseconds(scaled.fleetWindowMs) },
    lockMs: milliseconds(scaled.lockMs),
    sweepEveryMs: milliseconds(scaled.sweepEveryMs),
    steps: {
      ...(CHAOS_MAX_FILES === undefined ? {} : { maxFilesPerBulkJob: Number(CHAOS_MAX_FILES) }),
      maxPartBytes: bytes(scaled.maxPartBytes),
      observeEveryMs: milliseconds(scaled.observeEveryMs),
      createGraceMs: milliseconds(Number(CHAOS_CREATE_GRACE_MS)),
      reap: {
        ...defaultReapSettings,
        graceMs: milliseconds(scaled.reapGraceMs),
        unclaimedAgeMs: milliseconds(scaled.reapUnclaimedMs),
      },
    },
  },
}).catch((error: unknown) => {
  // As the shipped command ends where it cannot start.
  process.stderr.write(
    `${isBulkError(error) ? `${error.code}: ${error.message}` : String(error)}\n`,
  );
  process.exit(1);
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
