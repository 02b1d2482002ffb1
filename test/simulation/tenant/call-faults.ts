/** What can go wrong with one call of the API, and how often it does. */
import type { Counters } from "../counters.ts";
import type { Random } from "../random.ts";

export type CallKind = "login" | "create" | "upload" | "close" | "abort" | "info" | "list";

/**
 * `unreachable`: nothing was sent. `error-before`: a 5xx that did nothing. `error-after`: a 5xx after
 * it was done. `timeout-before`, `timeout-after`: no answer, not done or done. `cut`: the connection
 * breaks in mid-body. `ghost`: no answer, and it is delivered when nobody waits for it any more.
 * `unauthorized`: 401. `throttled`: 429. `conflict`: a 409 for no reason that we can see. `strange`:
 * done, with an answer that the contract does not have. `slow`: the answer takes its time.
 */
export const callFaults = [
  "unreachable",
  "error-before",
  "error-after",
  "timeout-before",
  "timeout-after",
  "cut",
  "ghost",
  "unauthorized",
  "throttled",
  "throttled-silently",
  "conflict",
  "strange",
  "slow",
] as const;
export type CallFault = (typeof callFaults)[number];

const anywhere: readonly CallFault[] = [
  "unreachable",
  "error-before",
  "timeout-before",
  "unauthorized",
  "slow",
];
const withEffect: readonly CallFault[] = [...anywhere, "error-after", "timeout-after", "strange"];

const possible: Readonly<Record<CallKind, readonly CallFault[]>> = {
  login: ["unreachable", "unauthorized", "slow"],
  create: [...withEffect, "throttled", "throttled-silently", "conflict", "ghost"],
  upload: [...withEffect, "cut", "ghost", "throttled"],
  close: [...withEffect, "conflict"],
  abort: [...withEffect, "conflict"],
  info: [...anywhere, "strange", "throttled"],
  list: [...anywhere, "strange", "throttled"],
};

/** Every fault of every call, as it is counted. */
export const callFaultCounters: readonly string[] = Object.entries(possible).flatMap(
  ([kind, faults]) => faults.map((fault) => `${kind} ${fault}`),
);

export interface CallFaults {
  /** What befalls the next call of this kind. */
  draw(kind: CallKind): CallFault | undefined;
  /** All calls fail so for a while; undefined: no longer. */
  allFail(fault: CallFault | undefined): void;
  /** From now on nothing fails. */
  stop(): void;
}

/** Each fault of each call is enabled, or not, for the whole run; `rate` is the share of calls that fail. */
export function createCallFaults(options: {
  readonly random: Random;
  readonly counters: Counters;
  readonly enabledShare: number;
  readonly rate: number;
}): CallFaults {
  const { random, counters, rate } = options;
  const enabled = new Map<CallKind, readonly CallFault[]>();
  for (const [kind, faults] of Object.entries(possible) as [CallKind, readonly CallFault[]][])
    enabled.set(
      kind,
      faults.filter(() => random.chance(options.enabledShare)),
    );
  let forAll: CallFault | undefined;
  let stopped = false;
  return {
    draw(kind) {
      if (stopped) return undefined;
      const choices = enabled.get(kind) ?? [];
      // Few of the calls that matter most are made.
      const share = kind === "create" ? 2 * rate : rate;
      const fault =
        forAll ?? (choices.length > 0 && random.chance(share) ? random.pick(choices) : undefined);
      if (fault !== undefined) counters.count(`${kind} ${fault}`);
      return fault;
    },
    allFail(fault) {
      forAll = fault;
    },
    stop() {
      stopped = true;
      forAll = undefined;
    },
  };
}
