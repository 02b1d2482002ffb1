/** The worker's command with times and limits that users cannot set, from HEADGATE_TEST_TUNING. */
import { setTimeout } from "node:timers/promises";
import { assertNever, bytes, milliseconds } from "@headgate/core";
import type { ConnectionPorts } from "@headgate/orchestrator";
import { readWorkerConfig, startWorker } from "@headgate/worker";

/** Milliseconds and bytes, each absent for the default. */
export interface Tuning {
  readonly lockMs?: number;
  readonly sweepEveryMs?: number;
  readonly windowMs?: number;
  readonly observeEveryMs?: number;
  /** Dies like a process that is out of memory when it reads the bytes `poison`, to plan or to upload. */
  readonly diesOf?: "planning" | "upload";
  /** How long the poison and all else wait for each other when they are read; what meets it dies with it. */
  readonly meetMs?: number;
  readonly maxPartBytes?: number;
}

const {
  lockMs,
  sweepEveryMs,
  windowMs,
  observeEveryMs,
  diesOf,
  meetMs = 0,
  maxPartBytes,
} = JSON.parse(process.env.HEADGATE_TEST_TUNING ?? "{}") as Tuning;

/** A port that kills this process, as it is for bytes that no worker survives. */
function poisonous(usual: ConnectionPorts, diesOf: Tuning["diesOf"]): ConnectionPorts {
  const poisonIsRead = Promise.withResolvers<void>();
  const otherIsRead = Promise.withResolvers<void>();
  async function* tasted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    const bytes = Buffer.concat(all);
    const isPoison = bytes.includes("poison");
    (isPoison ? poisonIsRead : otherIsRead).resolve();
    const meeting = (isPoison ? otherIsRead : poisonIsRead).promise.then(() => true);
    const meets = await Promise.race([meeting, setTimeout(meetMs, false)]);
    if (isPoison) process.kill(process.pid, "SIGKILL");
    if (isPoison || meets) await new Promise(() => undefined);
    yield bytes;
  }
  const { read, readWhole, open } = usual.source;
  switch (diesOf) {
    case "planning":
      return {
        ...usual,
        source: {
          ...usual.source,
          read: (...args) => tasted(read(...args)),
          readWhole: (...args) => tasted(readWhole(...args)),
        },
      };
    case "upload":
      return {
        ...usual,
        source: {
          ...usual.source,
          open(pieces) {
            const body = open(pieces);
            return { bytes: body.bytes, open: (signal) => tasted(body.open(signal)) };
          },
        },
      };
    case undefined:
      return usual;
    default:
      return assertNever(diesOf);
  }
}

function write(msg: string, measures: object = {}): void {
  process.stdout.write(`${JSON.stringify({ msg, ...measures })}\n`);
}

const worker = await startWorker(readWorkerConfig(process.env), {
  emit: ({ type, ...measures }) => write(type, measures),
  tuning: {
    ports: (usual) => poisonous(usual, diesOf),
    ...(lockMs === undefined ? {} : { lockMs: milliseconds(lockMs) }),
    ...(sweepEveryMs === undefined ? {} : { sweepEveryMs: milliseconds(sweepEveryMs) }),
    ...(windowMs === undefined ? {} : { limits: { windowMs: milliseconds(windowMs) } }),
    steps: {
      ...(observeEveryMs === undefined ? {} : { observeEveryMs: milliseconds(observeEveryMs) }),
      ...(maxPartBytes === undefined ? {} : { maxPartBytes: bytes(maxPartBytes) }),
    },
  },
});
process.once("SIGTERM", async () => {
  process.once("SIGTERM", () => worker.hurry());
  await worker.close();
  process.exit(0);
});
write("worker.ready");
