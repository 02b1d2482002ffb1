/**
 * What is done to a run and when, as a pure function of its seed: kinds, targets, offsets. Offsets are
 * spread over the whole run, each in a slice of its own.
 */
import type { FaultInput } from "@headgate/emulator";
import { createDice, type Dice } from "./dice.ts";
import type { Trouble } from "./fault-proxy.ts";

/** Programs that are killed, stopped and drained. */
export const workerNames = ["worker-1", "worker-2", "worker-3"] as const;
export type WorkerName = (typeof workerNames)[number];
export type Victim = WorkerName | "api";

/** Connections that a proxy stands in. */
export interface Leg {
  readonly from: Victim;
  readonly to: "redis" | "tenant" | "s3";
}

/** One fault. Spans are in milliseconds. */
export type Fault =
  | { readonly kind: "kill"; readonly victim: Victim }
  /** SIGSTOP, and SIGCONT after a span longer than a task's lock. */
  | { readonly kind: "stop"; readonly victim: Victim; readonly forMs: number }
  | { readonly kind: "drain"; readonly victim: Victim }
  | { readonly kind: "rolling-restart" }
  | { readonly kind: "redis-kill"; readonly awayMs: number }
  | { readonly kind: "redis-sleep"; readonly forMs: number }
  | { readonly kind: "redis-cut-clients" }
  | { readonly kind: "redis-full"; readonly forMs: number }
  | { readonly kind: "redis-flush" }
  | { readonly kind: "redis-older-copy"; readonly ageMs: number }
  | {
      readonly kind: "network";
      readonly leg: Leg;
      readonly trouble: Trouble;
      readonly forMs: number;
    }
  | { readonly kind: "tenant"; readonly fault: FaultInput };

/** A fault and when it comes, in milliseconds since the start. */
export interface Planned {
  readonly atMs: number;
  readonly fault: Fault;
}

/** How often a kind comes, and how its particulars are drawn. */
interface Kind {
  readonly perMinute: number;
  /** It comes in this first share of the run, and at least once. Default all of it, and perhaps never. */
  readonly withinShare?: number;
  draw(dice: Dice): Fault;
}

const kinds: readonly Kind[] = [
  { perMinute: 14, draw: (dice) => ({ kind: "kill", victim: dice.pick(workerNames) }) },
  { perMinute: 1.5, draw: () => ({ kind: "kill", victim: "api" }) },
  { perMinute: 2.5, draw: (dice) => stop(dice, dice.pick(workerNames)) },
  { perMinute: 0.5, draw: (dice) => stop(dice, "api") },
  { perMinute: 1, draw: (dice) => ({ kind: "drain", victim: dice.pick(workerNames) }) },
  { perMinute: 0.5, draw: () => ({ kind: "drain", victim: "api" }) },
  { perMinute: 0.5, draw: () => ({ kind: "rolling-restart" }) },
  { perMinute: 0.8, draw: (dice) => ({ kind: "redis-kill", awayMs: dice.whole(100, 2500) }) },
  { perMinute: 0.6, draw: (dice) => ({ kind: "redis-sleep", forMs: dice.whole(500, 4500) }) },
  { perMinute: 0.6, draw: () => ({ kind: "redis-cut-clients" }) },
  { perMinute: 0.6, draw: (dice) => ({ kind: "redis-full", forMs: dice.whole(500, 4500) }) },
  { perMinute: 7, draw: network },
  { perMinute: 10, draw: (dice) => ({ kind: "tenant", fault: dice.pick(tenantFaults) }) },
];

/**
 * Only where data may be lost on purpose. Each freezes creations for longer than a minute, and one after
 * the last load was sent would leave nothing to look at.
 */
const losses: readonly Kind[] = [
  { perMinute: 0.15, withinShare: 0.6, draw: () => ({ kind: "redis-flush" }) },
  {
    perMinute: 0.15,
    withinShare: 0.6,
    draw: (dice) => ({ kind: "redis-older-copy", ageMs: dice.whole(1000, 20_000) }),
  },
];

/** All faults of a run, by when they come. */
export function planFaults(options: {
  readonly seed: string;
  readonly spanMs: number;
  /** Whether Redis may lose data. */
  readonly redisLoss: boolean;
  /** How many times as often as `perMinute` says. Default 1. */
  readonly pace?: number;
}): readonly Planned[] {
  const { seed, spanMs, redisLoss, pace = 1 } = options;
  return [...kinds, ...(redisLoss ? losses : [])]
    .flatMap((kind, index) => {
      const dice = createDice(seed, `faults ${index}`);
      const { perMinute, withinShare } = kind;
      const least = withinShare === undefined ? 0 : 1;
      const count = Math.max(least, Math.round((perMinute * pace * spanMs) / 60_000));
      const share = withinShare ?? 1;
      return Array.from({ length: count }, (_, i) => ({
        atMs: Math.floor(((i + dice.random()) * spanMs * share) / count),
        fault: kind.draw(dice),
      }));
    })
    .toSorted((a, b) => a.atMs - b.atMs);
}

function stop(dice: Dice, victim: Victim): Fault {
  return { kind: "stop", victim, forMs: dice.whole(3500, 7000) };
}

function network(dice: Dice): Fault {
  const to = dice.pick(["redis", "tenant", "s3"] as const);
  // The API talks to Redis alone.
  const from =
    to === "redis" ? dice.pick([...workerNames, "api"] as const) : dice.pick(workerNames);
  const trouble = dice.pick<(dice: Dice) => Trouble>(troubles)(dice);
  return { kind: "network", leg: { from, to }, trouble, forMs: dice.whole(500, 6000) };
}

const troubles: readonly ((dice: Dice) => Trouble)[] = [
  (dice) => ({ kind: "latency", delayMs: dice.whole(20, 400) }),
  () => ({ kind: "black-hole" }),
  () => ({ kind: "reset" }),
  () => ({ kind: "half-close" }),
  (dice) => ({ kind: "trickle", bytesPerSecond: dice.whole(2_000, 40_000) }),
  (dice) => ({ kind: "cut", afterBytes: dice.whole(0, 60_000) }),
  () => ({ kind: "refuse" }),
];

/** Each strikes the next call of its kind. None of them is the answer to a wrong request. */
const tenantFaults: readonly FaultInput[] = [
  { route: "create", kind: "error", status: 500 },
  { route: "create", kind: "early-status", status: 429, retryAfter: "1" },
  { route: "create", kind: "done-then-timeout", closeSocket: true },
  { route: "create", kind: "cut" },
  { route: "create", kind: "slow", delayMs: 3000 },
  { route: "upload", kind: "error", status: 500 },
  { route: "upload", kind: "early-status", status: 503 },
  { route: "upload", kind: "early-status", status: 401 },
  { route: "upload", kind: "early-status", status: 429, retryAfter: "1" },
  { route: "upload", kind: "done-then-timeout", closeSocket: true },
  { route: "upload", kind: "done-then-timeout", closeSocket: true },
  { route: "upload", kind: "cut", afterBytes: 1000 },
  { route: "upload", kind: "slow", delayMs: 2500 },
  { route: "close", kind: "error", status: 500 },
  { route: "close", kind: "done-then-timeout", closeSocket: true },
  { route: "close", kind: "cut" },
  { route: "abort", kind: "done-then-timeout", closeSocket: true },
  { route: "info", kind: "error", status: 500 },
  { route: "list", kind: "error", status: 503 },
  { route: "list", kind: "cut" },
  { route: "exchange", kind: "error", status: 500 },
];
