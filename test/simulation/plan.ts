/**
 * What a seed makes of its run. Each kind of fault is there or not there for the whole run (swarm
 * testing), so that some runs are full of one kind and others of none.
 */
import { type Blow, crashPoints, type Strike } from "./crash-points.ts";
import type { Random } from "./random.ts";

/** Faults that come at an instant of their own. */
export const timedFaults = [
  "worker killed",
  "worker stopped",
  "worker cut from redis",
  "worker drained",
  "rolling restart",
  "redis restart",
  "redis restart, last second lost",
  "redis older copy",
  "redis flushed",
  "redis full",
  "api outage",
  "api burst of 500",
  "bulk job aborted by others",
  "bulk job removed by others",
  "bulk job closed by others",
  "foreign bulk job",
  "source replaced",
  "source deleted",
] as const;
export type TimedFaultKind = (typeof timedFaults)[number];

/** Faults after which Redis knows less than it has answered. */
const losses: ReadonlySet<TimedFaultKind> = new Set([
  "redis restart, last second lost",
  "redis older copy",
  "redis flushed",
]);

export interface TimedFault {
  readonly at: number;
  readonly kind: TimedFaultKind;
}

export interface Plan {
  readonly seed: number;
  /** `safety`: faults to the end. `liveness`: faults stop, and then all must come to an end. */
  readonly kind: "safety" | "liveness";
  readonly start: number;
  /** The loads are asked for, and faults come, until here. */
  readonly quietFrom: number;
  /** Every run lasts as long as this. */
  readonly leastEnd: number;
  /** By then all must have ended in a liveness run. */
  readonly end: number;
  /** Instants from which many loads come within a quarter of an hour; faults come then too. */
  readonly bursts: readonly number[];
  readonly slots: number;
  readonly permits: number;
  /** Whether the tenants hold to it; the fleet always does. */
  readonly oneBulkJobPerObject: boolean;
  readonly reserveSlots: number;
  readonly maxFiles: number;
  readonly maxPartBytes: number;
  readonly processingMs: number;
  /** Age at which the tenants remove an Open or UploadComplete bulk job. */
  readonly retentionMs: number;
  /** Longest time that a bulk job hangs in processing. */
  readonly longestStuckMs: number;
  readonly sweepEveryMs: number;
  readonly reapEveryMs: number;
  /** Time after which each worker looks at the ledgers' history. */
  readonly lookEveryMs: number;
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  readonly observeEveryMs: number;
  readonly onUnknownUpload: "reput" | "restart";
  readonly callFaultShare: number;
  readonly callFaultRate: number;
  readonly sourceFaultRate: number;
  readonly slowShare: number;
  readonly resendShare: number;
  readonly failRate: number;
  readonly stuckRate: number;
  readonly skewMs: readonly number[];
  readonly aheadMs: readonly number[];
  readonly strikes: readonly Strike[];
  readonly timed: readonly TimedFault[];
  readonly hasBadSources: boolean;
  /** Share of the loads whose planning takes minutes. */
  readonly largeShare: number;
  /** Share of the loads that want one and the same object. */
  readonly crowding: number;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** A Monday. */
const start = Date.UTC(2026, 0, 5);

/** The plan of a seed. Even seeds are liveness seeds. */
export function planOf(seed: number, random: Random): Plan {
  const kind = seed % 2 === 0 ? "liveness" : "safety";
  const quietFrom = start + (kind === "liveness" ? 50 : 72) * hourMs;
  const some = (probability: number, value: () => number): number =>
    random.chance(probability) ? value() : 0;
  const spanMs = quietFrom - start - 6 * hourMs;
  const bursts = Array.from({ length: random.int(2, 5) }, () => start + random.int(0, spanMs));
  return {
    seed,
    kind,
    start,
    quietFrom,
    leastEnd: start + 72 * hourMs,
    end: start + (kind === "liveness" ? 110 : 72) * hourMs,
    bursts,
    slots: random.int(3, 6),
    permits: random.int(2, 5),
    oneBulkJobPerObject: random.chance(0.7),
    reserveSlots: some(0.3, () => 1),
    maxFiles: random.int(3, 8),
    maxPartBytes: random.int(60, 240),
    processingMs: random.int(1, 20) * minuteMs,
    ...retentionOf(random),
    sweepEveryMs: random.int(90, 180) * minuteMs,
    reapEveryMs: random.int(180, 360) * minuteMs,
    lookEveryMs: random.int(120, 240) * minuteMs,
    pollMinMs: 3 * minuteMs,
    pollMaxMs: random.int(8, 15) * minuteMs,
    observeEveryMs: random.int(3, 8) * minuteMs,
    onUnknownUpload: random.chance(0.75) ? "reput" : "restart",
    callFaultShare: random.pick([0, 0.15, 0.3, 0.6]),
    callFaultRate: random.pick([0.02, 0.05, 0.15, 0.3]),
    sourceFaultRate: some(0.4, () => 0.08),
    slowShare: random.pick([0.02, 0.1, 0.3]),
    resendShare: some(0.3, () => 0.05),
    failRate: some(0.3, () => 0.1),
    stuckRate: some(0.3, () => 0.1),
    skewMs: Array.from({ length: 3 }, () => some(0.2, () => random.int(-60_000, 60_000))),
    aheadMs: Array.from({ length: 2 }, () => some(0.3, () => random.int(-120_000, 120_000))),
    strikes: Array.from({ length: random.int(0, 10) }, () => ({
      point: random.pick(crashPoints),
      nth: random.int(1, 6),
      blow: blowOf(random),
    })),
    timed: timedFaultsOf(random, quietFrom, bursts),
    hasBadSources: random.chance(0.5),
    largeShare: some(0.4, () => 0.25),
    crowding: some(0.4, () => 0.8),
  };
}

/** Seven days are longer than a run, so some tenants keep nothing for a day. */
function retentionOf(random: Random): Pick<Plan, "retentionMs" | "longestStuckMs"> {
  return random.chance(0.3)
    ? { retentionMs: random.int(16, 24) * hourMs, longestStuckMs: 50 * hourMs }
    : { retentionMs: 7 * 24 * hourMs, longestStuckMs: 8 * hourMs };
}

function blowOf(random: Random): Blow {
  const kind = random.pick([
    "killed",
    "killed",
    "killed",
    "stopped",
    "cut",
    "cut",
    "told",
  ] as const);
  return kind === "stopped" || kind === "cut"
    ? { kind, forMs: random.pick([10_000, minuteMs, 20 * minuteMs]) }
    : { kind };
}

function timedFaultsOf(
  random: Random,
  until: number,
  bursts: readonly number[],
): readonly TimedFault[] {
  const latest = until - 2 * hourMs;
  const instant = (): number =>
    random.chance(0.6)
      ? random.pick(bursts) + random.int(0, 90 * minuteMs)
      : random.int(start, latest);
  return timedFaults
    .flatMap((kind) => {
      if (!random.chance(losses.has(kind) ? 0.12 : 0.25)) return [];
      const count = losses.has(kind) ? 1 : random.int(1, kind === "foreign bulk job" ? 12 : 5);
      return Array.from({ length: count }, () => ({ at: instant(), kind }));
    })
    .sort((a, b) => a.at - b.at);
}
