/**
 * The quota's arithmetic: may a bulk job of this object be created now, and if not, when?
 *
 * Invariant: in every window (t - windowMs, t] at most `slots` creations are stamped, ours at most
 * `slots - reserveSlots`; at most `permits` bulk jobs are unfinished, ours at most
 * `permits - reservePermits`; at most one of them is of one object.
 *
 * The orchestrator's Lua function `slot_decision` does the same sums on the fleet's shared state and
 * is tested against this model.
 */
import { maxUnfinishedBulkJobs, slotsPerWindow, slotWindowMs } from "./limits.ts";
import type { ObjectKey } from "./target.ts";
import { type EpochMs, epochMs, type Milliseconds, milliseconds, seconds } from "./units.ts";

/** What a connection may use of its tenant's quota. */
export interface SlotLimits {
  /** Creations allowed in a window, by everyone in the tenant. Default 20. */
  readonly slots: number;
  /** Length of the window, with the margin for clock skew and for the time a create call is under way. */
  readonly windowMs: Milliseconds;
  /** Unfinished bulk jobs allowed at a time, by everyone in the tenant. Default 5. */
  readonly permits: number;
  /** Slots of a window left to other tools. Default 0. */
  readonly reserveSlots: number;
  /** Permits left to other tools. Default 0. */
  readonly reservePermits: number;
  /** Whether the API takes only one unfinished bulk job an object. Default true. */
  readonly oneBulkJobPerObject: boolean;
}

/** A create call gives up this long after its slot was stamped. */
export const createDeadlineMs: Milliseconds = seconds(20);

/**
 * Longest time from a slot's stamp to the arrival of its create call, with 10 s for clock skew: two
 * creations a window and this margin apart arrive a window apart.
 */
export const slotWindowMarginMs: Milliseconds = milliseconds(createDeadlineMs + seconds(10));

/** The API's published limits, all of them for headgate, with the margin on the window. */
export const defaultSlotLimits: SlotLimits = {
  slots: slotsPerWindow,
  windowMs: milliseconds(slotWindowMs + slotWindowMarginMs),
  permits: maxUnfinishedBulkJobs,
  reserveSlots: 0,
  reservePermits: 0,
  oneBulkJobPerObject: true,
};

/** One creation, ours or seen in the tenant's list, at the instant before it was sent. */
export interface Slot {
  readonly id: string;
  readonly at: EpochMs;
  readonly foreign: boolean;
}

/** Whether the ledger knows every slot of the last window; ledger-history.ts judges that. */
export interface SlotHistory {
  /** After a loss nothing is created before this instant. */
  readonly frozenUntil: EpochMs;
  /** Whether the tenant was listed since the last loss. */
  readonly listed: boolean;
}

/** The fleet's shared state of one connection. */
export interface SlotLedger {
  readonly history: SlotHistory;
  readonly slots: readonly Slot[];
  /** Ids of our unfinished bulk jobs. */
  readonly permits: ReadonlySet<string>;
  /** Remote ids of other tools' unfinished bulk jobs. */
  readonly foreignPermits: ReadonlySet<string>;
  /** Objects that have an unfinished bulk job, ours or foreign. */
  readonly busyObjects: ReadonlySet<ObjectKey>;
  /** Objects that wait until an instant, such as after a conflict. */
  readonly heldObjects: ReadonlyMap<ObjectKey, EpochMs>;
  /** After a 429 nothing is created before this instant. */
  readonly gateUntil: EpochMs;
}

/** A connection on which nothing was created yet. */
export const emptySlotLedger: SlotLedger = {
  history: { frozenUntil: epochMs(0), listed: true },
  slots: [],
  permits: new Set(),
  foreignPermits: new Set(),
  busyObjects: new Set(),
  heldObjects: new Map(),
  gateUntil: epochMs(0),
};

/** What a bulk job waits for. */
export type WaitReason = "history" | "gate" | "object-busy" | "object-held" | "permits" | "window";

/** Whether a bulk job may be created now. */
export type SlotDecision =
  | { readonly kind: "grant" }
  /** `until` is absent where only an event, not time alone, can help. */
  | { readonly kind: "wait"; readonly reason: WaitReason; readonly until?: EpochMs };

/**
 * Decides whether a bulk job of `object` may be created at `now`. Checks, in this order: history,
 * gate, object, permits, window.
 */
export function decideSlot(
  ledger: SlotLedger,
  limits: SlotLimits,
  question: { readonly object: ObjectKey; readonly now: EpochMs },
): SlotDecision {
  const { object, now } = question;
  const unknown = decideHistory(ledger.history, now);
  if (unknown.kind === "wait") return unknown;
  if (ledger.gateUntil > now) return { kind: "wait", reason: "gate", until: ledger.gateUntil };
  if (limits.oneBulkJobPerObject && ledger.busyObjects.has(object))
    return { kind: "wait", reason: "object-busy" };
  const heldUntil = ledger.heldObjects.get(object) ?? now;
  if (heldUntil > now) return { kind: "wait", reason: "object-held", until: heldUntil };
  const ours = ledger.permits.size;
  if (
    ours >= limits.permits - limits.reservePermits ||
    ours + ledger.foreignPermits.size >= limits.permits
  )
    return { kind: "wait", reason: "permits" };
  return decideWindow(ledger.slots, limits, now);
}

/** Decides by the history alone: nothing is created before a loss is a window ago and the tenant listed. */
export function decideHistory(history: SlotHistory, now: EpochMs): SlotDecision {
  const { frozenUntil, listed } = history;
  if (frozenUntil > now) return { kind: "wait", reason: "history", until: frozenUntil };
  return listed ? { kind: "grant" } : { kind: "wait", reason: "history" };
}

/**
 * The limits for a bulk job that is created only while more than `leave` slots are free. One that
 * would leave more than there are is created once all of ours are free, so that it never waits for
 * what cannot come.
 */
export function limitsLeaving(limits: SlotLimits, leave: number): SlotLimits {
  const mostToLeave = Math.max(limits.slots - limits.reserveSlots - 1, 0);
  return { ...limits, slots: limits.slots - Math.min(leave, mostToLeave) };
}

/** Decides by the rolling window alone: grant, or the instant from which a slot is free. */
export function decideWindow(
  slots: readonly Slot[],
  limits: SlotLimits,
  now: EpochMs,
): SlotDecision {
  const own = slots.filter((slot) => !slot.foreign);
  const until = Math.max(
    freeAt(own, limits.slots - limits.reserveSlots, limits.windowMs),
    freeAt(slots, limits.slots, limits.windowMs),
  );
  if (until <= now) return { kind: "grant" };
  return until === Number.POSITIVE_INFINITY
    ? { kind: "wait", reason: "window" }
    : { kind: "wait", reason: "window", until: epochMs(until) };
}

/**
 * The instant from which fewer than `allowed` of these slots are in the window, past where that is so
 * already; 0: always, Infinity: never.
 */
function freeAt(slots: readonly Slot[], allowed: number, windowMs: Milliseconds): number {
  if (slots.length < allowed) return 0;
  const stamps = slots.map((slot) => slot.at).sort((a, b) => a - b);
  const leaving = stamps[slots.length - allowed];
  return leaving === undefined ? Number.POSITIVE_INFINITY : leaving + windowMs;
}

/** Time the gate stays closed after the first 429 without Retry-After: 60 s. */
export const firstGateMs: Milliseconds = seconds(60);
/** Bound of its doubling: 15 min. */
export const longestGateMs: Milliseconds = seconds(15 * 60);

/**
 * How long the gate closes after a 429: Retry-After where given, else 60 s doubling to 15 min, plus
 * up to a tenth of jitter (`random` in [0, 1)). `previousMs` is the last span without jitter, 0 at first.
 */
export function gateSpan(question: {
  readonly retryAfterMs?: Milliseconds | undefined;
  readonly previousMs: number;
  readonly random: number;
}): { readonly spanMs: Milliseconds; readonly baseMs: Milliseconds } {
  const doubled = Math.min(Math.max(question.previousMs * 2, firstGateMs), longestGateMs);
  const waitMs = question.retryAfterMs ?? doubled;
  return {
    spanMs: milliseconds(Math.ceil(waitMs * (1 + question.random / 10))),
    baseMs: milliseconds(doubled),
  };
}
