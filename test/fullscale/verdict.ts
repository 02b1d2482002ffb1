/** Whether a run holds the bars, and its result. */
import type { AcceptedFile } from "@headgate/emulator";

interface Bars {
  readonly maxRssBytes: number;
  readonly maxLoopP99Ms: number;
}

/** RSS of a worker, and how long its event loop may be held up, while 15 GB go through it. */
const bars: Bars = { maxRssBytes: 256_000_000, maxLoopP99Ms: 100 };

/**
 * Share of a stretch for which the worker may wait for a processor until what a clock says of its
 * event loop tells of the machine's other work. From there on its computing time is judged.
 */
const maxCpuWaitShare = 0.05;

/** The event loop in one stretch of a run, as loop-delay.mjs writes it. */
export interface LoopDelay {
  readonly count: number;
  /** Between two timers of 10 ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Computed by the loop's thread between two timers of 10 ms. */
  readonly computedP99Ms: number;
  readonly computedMaxMs: number;
  /** For how long that thread was ready and waited for a processor. */
  readonly cpuWaitSeconds: number;
}

/** One stretch of a run. */
export interface Stretch {
  readonly seconds: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly loop: LoopDelay;
}

/** What was sent, what arrived, and what it took. */
export interface Evidence {
  readonly expected: readonly {
    readonly bytes: number;
    readonly records: number;
    readonly sha256: string;
  }[];
  /** Files of each bulk job that the emulator completed, in the order of acceptance. */
  readonly bulkJobs: readonly (readonly AcceptedFile[])[];
  readonly loadState: string;
  /** Records that headgate says are settled. */
  readonly recordsSettled: number;
  readonly peakRssBytes: number;
  readonly planning: Stretch;
  readonly upload: Stretch;
}

/** What is wrong, in words; nothing where every bar holds. */
export function faultsOf(evidence: Evidence): readonly string[] {
  const { expected, bulkJobs, loadState, recordsSettled, peakRssBytes } = evidence;
  const files = bulkJobs.flat();
  const records = sum(expected, (part) => part.records);
  const different = expected.findIndex(
    (part, index) => files[index]?.sha256 !== part.sha256 || files[index]?.bytes !== part.bytes,
  );
  return [
    ...when(loadState !== "complete", `the load is ${loadState}`),
    ...when(bulkJobs.length !== 1, `${bulkJobs.length} bulk jobs, not 1`),
    ...when(files.length !== expected.length, `${files.length} files, not ${expected.length}`),
    ...when(different >= 0, `file ${different} is not the bytes that were expected`),
    ...when(recordsSettled !== records, `${recordsSettled} records, not ${records}`),
    ...when(!(peakRssBytes <= bars.maxRssBytes), `a peak RSS of ${peakRssBytes} bytes`),
    ...(["planning", "upload"] as const).flatMap((name) => {
      const { count } = evidence[name].loop;
      const { judgedBy, p99Ms } = loopJudged(evidence[name]);
      const holds = count > 0 && p99Ms <= bars.maxLoopP99Ms;
      return when(!holds, `an event loop held up ${p99Ms} ms (p99 by ${judgedBy}) in ${name}`);
    }),
  ];
}

/** The result as it is printed. */
export function resultOf(evidence: Evidence) {
  const faults = faultsOf(evidence);
  const files = evidence.bulkJobs.flat();
  return {
    ok: faults.length === 0,
    faults,
    bulkJobs: evidence.bulkJobs.length,
    files: files.length,
    bytes: sum(files, ({ bytes }) => bytes),
    records: evidence.recordsSettled,
    peakRssMb: tenth(evidence.peakRssBytes / 1e6),
    planning: figuresOf(evidence.planning),
    upload: figuresOf(evidence.upload),
  };
}

function loopJudged({ seconds, loop }: Stretch) {
  return loop.cpuWaitSeconds / seconds <= maxCpuWaitShare
    ? ({ judgedBy: "clock", p99Ms: loop.p99Ms } as const)
    : ({ judgedBy: "computing time", p99Ms: loop.computedP99Ms } as const);
}

function figuresOf(stretch: Stretch) {
  const { seconds, bytes, cpuSeconds, loop } = stretch;
  return {
    seconds: tenth(seconds),
    mbPerSecond: tenth(bytes / seconds / 1e6),
    cpuSeconds: tenth(cpuSeconds),
    cpuWaitSeconds: tenth(loop.cpuWaitSeconds),
    loopP50Ms: tenth(loop.p50Ms),
    loopP99Ms: tenth(loop.p99Ms),
    loopMaxMs: tenth(loop.maxMs),
    computedP99Ms: tenth(loop.computedP99Ms),
    computedMaxMs: tenth(loop.computedMaxMs),
    loopJudgedBy: loopJudged(stretch).judgedBy,
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function when(fault: boolean, text: string): readonly string[] {
  return fault ? [text] : [];
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
