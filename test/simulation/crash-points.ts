/**
 * The points at which a worker can die that a recovery must know: around the intent, the call and
 * the result of everything that has an effect. Which of them a boundary is, is told by what passes it.
 */
import type { Machine } from "./machine.ts";

const operations = ["create", "upload", "close", "abort", "list", "plan", "claim", "end"] as const;
export type CrashOperation = (typeof operations)[number];

/** What a boundary is to an operation: where its intent is written, its call made, its result written. */
export type Role = "intent" | "call" | "result";

const places = ["before-intent", "after-intent", "mid-call", "after-call", "after-result"] as const;

/** Every point, as it is counted. A claim is one write and the telling of it; it has no result. */
export const crashPoints: readonly string[] = operations
  .flatMap((operation) => places.map((place) => `crash ${operation} ${place}`))
  .filter((point) => point !== "crash claim after-result");

/** Where a boundary stands. */
export interface Mark {
  readonly operation: CrashOperation;
  readonly role: Role;
}

/** Before something passes a boundary, while it is on the other side, or once the answer is there. */
export type Moment = "before" | "during" | "after";

/** The crash point of a boundary and a moment; undefined where it is none. */
function crashPointAt({ operation, role }: Mark, moment: Moment): string | undefined {
  switch (`${role} ${moment}` as const) {
    case "intent before":
      return `crash ${operation} before-intent`;
    case "intent after":
      return `crash ${operation} after-intent`;
    case "call during":
      return `crash ${operation} mid-call`;
    case "call after":
    case "result before":
      return `crash ${operation} after-call`;
    case "result after":
      return `crash ${operation} after-result`;
    default:
      return undefined;
  }
}

/** Kills and stops at chosen points. */
export interface CrashPlan {
  /** Whether the machine dies here; then it is dead already. Another blow has its effect later. */
  strikes(machine: Machine, mark: Mark | undefined, moment: Moment): boolean;
}

/** `stopped`: SIGSTOP and later SIGCONT. `cut`: nothing passes between it and Redis. `told`: SIGTERM. */
export type Blow =
  | { readonly kind: "killed" }
  | { readonly kind: "told" }
  | { readonly kind: "stopped" | "cut"; readonly forMs: number };

/** What a process meets at the `nth` passing of a point. */
export interface Strike {
  readonly point: string;
  readonly nth: number;
  readonly blow: Blow;
}

/** `struck` is told of each strike. */
export function createCrashPlan(
  wanted: readonly Strike[],
  deps: {
    readonly now: () => number;
    readonly struck: (machine: Machine, strike: Strike) => void;
  },
): CrashPlan {
  const passed = new Map<string, number>();
  return {
    strikes(machine, mark, moment) {
      const point = mark && crashPointAt(mark, moment);
      if (point === undefined || !wanted.some((strike) => strike.point === point)) return false;
      const count = (passed.get(point) ?? 0) + 1;
      passed.set(point, count);
      const strike = wanted.find((one) => one.point === point && one.nth === count);
      if (strike === undefined) return false;
      deps.struck(machine, strike);
      deal(machine, strike.blow, deps.now());
      return !machine.alive;
    },
  };
}

function deal(machine: Machine, blow: Blow, now: number): void {
  if (blow.kind === "killed") machine.kill();
  else if (blow.kind === "told") machine.tellToStop();
  else if (blow.kind === "stopped") machine.stopUntil(now + blow.forMs);
  else machine.cutFromRedis(now + blow.forMs);
}

/** What a Redis command is to an operation, by what our scripts hold. */
export function markOfCommand(name: string, args: readonly string[]): Mark | undefined {
  const key = args[0] ?? "";
  switch (name) {
    case "set":
      return key.endsWith(":observing") ? { operation: "list", role: "intent" } : undefined;
    case "rpush":
      return key.includes(":staging:") ? { operation: "plan", role: "intent" } : undefined;
    case "srem":
      return key.endsWith(":ended") ? { operation: "end", role: "result" } : undefined;
    case "eval": {
      const script = markOfScript(key);
      return script === "advance" ? markOfAdvance(args) : ofEnding(script, args);
    }
    default:
      return undefined;
  }
}

/** What a change of a task is to an operation. */
export function markOfQueueCall(queue: string, call: string): Mark | undefined {
  if (queue === "bulk-jobs" && call === "add") return { operation: "claim", role: "call" };
  if (queue === "loads" && call === "promote") return { operation: "end", role: "call" };
  return undefined;
}

/** The end of an aborted bulk job is the abort's result. */
function ofEnding(mark: Mark | undefined, args: readonly string[]): Mark | undefined {
  const isAborted = mark?.operation === "end" && args[5] === "aborted";
  return isAborted ? { operation: "abort", role: "result" } : mark;
}

const marks = new Map<string, Mark | "advance" | undefined>();

function markOfScript(text: string): Mark | "advance" | undefined {
  if (!marks.has(text)) marks.set(text, scriptMark(text));
  return marks.get(text);
}

/** By words that only this script has. */
const scripts: readonly (readonly [string, Mark | "advance"])[] = [
  ["'createSentAt', t", { operation: "create", role: "intent" }],
  ["key .. ':receipts', ARGV[4]", { operation: "upload", role: "result" }],
  ["HSETNX', key, 'closedAt'", { operation: "close", role: "result" }],
  ["base .. 'observed-at', t", { operation: "list", role: "result" }],
  ["'RENAME', sources", { operation: "plan", role: "result" }],
  ["'phase', 'claimed'", { operation: "claim", role: "intent" }],
  ["'phase', 'ended', 'end'", { operation: "end", role: "intent" }],
  ["for i = 3, argc, 2 do redis.call('HSET', key, ARGV[i]", "advance"],
];

function scriptMark(text: string): Mark | "advance" | undefined {
  return scripts.find(([words]) => text.includes(words))?.[1];
}

function markOfAdvance(args: readonly string[]): Mark | undefined {
  // eval text, key count, base, id, revision, field, value, ...
  for (let at = 5; at + 1 < args.length; at += 2) {
    const [field, value] = [args[at], args[at + 1]];
    if (field === "uploading" && value === "1") return { operation: "upload", role: "intent" };
    if (field !== "phase") continue;
    if (value === "uploading") return { operation: "create", role: "result" };
    if (value === "closing") return { operation: "close", role: "intent" };
    if (value === "aborting") return { operation: "abort", role: "intent" };
  }
  return undefined;
}
