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

const options = readWorkerConfig(process.env);
const { limits, steps } = options.connection;
const worker = await startWorker(
  {
    ...options,
    connection: {
      ...options.connection,
      ...(lockMs === undefined ? {} : { lockMs: milliseconds(lockMs) }),
      ...(sweepEveryMs === undefined ? {} : { sweepEveryMs: milliseconds(sweepEveryMs) }),
      limits: { ...limits, windowMs: milliseconds(windowMs ?? limits.windowMs) },
      steps: {
        ...steps,
        ...(observeEveryMs === undefined ? {} : { observeEveryMs: milliseconds(observeEveryMs) }),
      },
    },
  },
  ({ type, ...measures }) => write(type, measures),
);
process.once("SIGTERM", async () => {
  await worker.close();
  process.exit(0);
});
write("worker.ready");
