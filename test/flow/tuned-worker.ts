/** The worker's command with times and limits that users cannot set, from HEADGATE_TEST_TUNING. */
import { milliseconds } from "@headgate/core";
import { readWorkerConfig, startWorker } from "@headgate/worker";

/** Milliseconds, each absent for the default. */
export interface Tuning {
  readonly lockMs?: number;
  readonly sweepEveryMs?: number;
  readonly windowMs?: number;
  readonly observeEveryMs?: number;
}

const { lockMs, sweepEveryMs, windowMs, observeEveryMs } = JSON.parse(
  process.env.HEADGATE_TEST_TUNING ?? "{}",
) as Tuning;

function write(msg: string, measures: object = {}): void {
  process.stdout.write(`${JSON.stringify({ msg, ...measures })}\n`);
}

const worker = await startWorker(readWorkerConfig(process.env), {
  emit: ({ type, ...measures }) => write(type, measures),
  tuning: {
    ...(lockMs === undefined ? {} : { lockMs: milliseconds(lockMs) }),
    ...(sweepEveryMs === undefined ? {} : { sweepEveryMs: milliseconds(sweepEveryMs) }),
    ...(windowMs === undefined ? {} : { limits: { windowMs: milliseconds(windowMs) } }),
    ...(observeEveryMs === undefined
      ? {}
      : { steps: { observeEveryMs: milliseconds(observeEveryMs) } }),
  },
});
process.once("SIGTERM", async () => {
  process.once("SIGTERM", () => worker.hurry());
  await worker.close();
  process.exit(0);
});
write("worker.ready");
