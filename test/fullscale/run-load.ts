/** One load through one worker process, measured. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BulkJobReport, StateReport } from "@headgate/emulator";
import {
  createProducer,
  type HeadgateEvent,
  type LoadView,
  parseLoadRequest,
} from "@headgate/orchestrator";
import { startWorkerProcess, type WorkerProcess } from "../flow/worker-process.ts";
import { figuresOf, type ProcessFigures } from "./process-figures.ts";
import { prefix, principal, type Surroundings, target } from "./surroundings.ts";
import type { Evidence, LoopDelay } from "./verdict.ts";

export type Measured = Omit<Evidence, "expected">;

export interface RunOptions {
  readonly surroundings: Surroundings;
  readonly folder: string;
  /** Undefined: the published limit, with the worker as it is shipped. */
  readonly tunedPartBytes: number | undefined;
  readonly sourceBytes: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A moment of the run. */
interface Mark extends ProcessFigures {
  readonly atMs: number;
}

/** Runs the load to its end. Throws where the worker ends before it, or the signal fires. */
export async function runLoad(options: RunOptions): Promise<Measured> {
  const { surroundings, folder, tunedPartBytes, say, signal } = options;
  const loopFile = join(folder, "loop-delay");
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  // Whoever waits for the end sees it; before that, what is awaited fails by itself.
  over.catch(() => undefined);
  const marks: { begun?: Mark; planned?: Mark; uploaded?: Mark } = {};
  let worker: WorkerProcess | undefined;
  const mark = (): Mark => ({ atMs: performance.now(), ...figuresOf(worker?.pid ?? 0) });
  const onEvent = (event: HeadgateEvent): void => {
    const line = progressLine(event);
    if (line !== undefined) say(`${line}, RSS ${Math.round(mark().rssBytes / 1e6)} MB`);
    if (event.type === "load.planned") {
      marks.planned = mark();
      worker?.kill("SIGUSR2");
    }
    if (event.type === "bulk-job.closed") {
      marks.uploaded = mark();
      worker?.kill("SIGUSR2");
    }
    if (event.type === "load.ended") resolve();
  };
  worker = startWorkerProcess({
    program: tunedPartBytes === undefined ? "built" : "tuned",
    environment: {
      ...surroundings.environment,
      NODE_OPTIONS: `--import=${new URL("loop-delay.mjs", import.meta.url).href}`,
      HEADGATE_TEST_LOOP_DELAY: loopFile,
      ...(tunedPartBytes === undefined
        ? {}
        : { HEADGATE_TEST_TUNING: JSON.stringify({ maxPartBytes: tunedPartBytes }) }),
    },
    onLine: ({ msg, ...measures }) => onEvent({ type: msg, ...measures } as HeadgateEvent),
  });
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort);
  void worker.ended.then(({ code, stderr }) =>
    reject(new Error(`the worker ended with code ${code}: ${stderr}`)),
  );
  try {
    signal.throwIfAborted();
    await worker.ready;
    worker.kill("SIGUSR2");
    marks.begun = mark();
    const load = await enqueueAndWait(surroundings, over);
    const { peakRssBytes } = mark();
    worker.kill("SIGTERM");
    await worker.ended;
    return {
      ...(await arrived(surroundings)),
      loadState: load.state,
      recordsSettled: load.records.settled,
      peakRssBytes,
      ...stretches(marks, await readLoopDelays(loopFile), {
        planning: options.sourceBytes,
        upload: load.bytes.uploaded,
      }),
    };
  } finally {
    signal.removeEventListener("abort", abort);
    worker.kill("SIGKILL");
    await worker.ended;
  }
}

async function enqueueAndWait(
  { redisUrl, uris }: Surroundings,
  over: Promise<void>,
): Promise<LoadView> {
  const producer = await createProducer({
    ...{ redisUrl, prefix, connections: ["default"] },
    emit: () => undefined,
  });
  try {
    const request = parseLoadRequest({ ...target, source: { keys: [...uris] } });
    const caller = { principal, via: "http" } as const;
    const accepted = await producer.loads.accept(request, { caller });
    await over;
    const load = await producer.loads.get(accepted.load.id);
    if (load === undefined) throw new Error("the load is gone");
    return load;
  } finally {
    await producer.close();
  }
}

async function arrived({ emulatorUrl }: Surroundings): Promise<Pick<Measured, "bulkJobs">> {
  const answer = await fetch(`${emulatorUrl}/__emulator/state`);
  const { bulkJobs } = (await answer.json()) as StateReport;
  const complete = bulkJobs.filter(({ state }: BulkJobReport) => state === "JobComplete");
  return { bulkJobs: complete.map(({ files }) => files) };
}

/** Lines: before the load, planning, upload, the rest. */
async function readLoopDelays(path: string): Promise<readonly LoopDelay[]> {
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as LoopDelay);
}

function stretches(
  { begun, planned, uploaded }: { begun?: Mark; planned?: Mark; uploaded?: Mark },
  [, planning, upload]: readonly LoopDelay[],
  bytes: { readonly planning: number; readonly upload: number },
): Pick<Measured, "planning" | "upload"> {
  if (begun === undefined || planned === undefined || uploaded === undefined)
    throw new Error("the load ended without being planned and uploaded");
  if (planning === undefined || upload === undefined)
    throw new Error("the worker has not told of its event loop");
  const between = (from: Mark, to: Mark) => ({
    seconds: (to.atMs - from.atMs) / 1000,
    cpuSeconds: to.cpuSeconds - from.cpuSeconds,
  });
  return {
    planning: { ...between(begun, planned), bytes: bytes.planning, loop: planning },
    upload: { ...between(planned, uploaded), bytes: bytes.upload, loop: upload },
  };
}

function progressLine(event: HeadgateEvent): string | undefined {
  switch (event.type) {
    case "load.reading":
      return event.bytes % 1_000_000_000 < 100_000_000 ? `read ${gb(event.bytes)}` : undefined;
    case "load.planned":
      return `planned ${event.parts} parts, ${event.records} records, ${gb(event.bytes)}`;
    case "bulk-job.part-uploaded":
      return (event.part + 1) % 10 === 0
        ? `uploaded ${event.part + 1} of ${event.parts}`
        : undefined;
    case "load.ended":
      return `the load is ${event.state} ${event.code ?? ""} ${event.message ?? ""}`.trimEnd();
    default:
      return undefined;
  }
}

function gb(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
