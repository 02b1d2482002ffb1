/**
 * Whether the ledger still knows every slot that was spent. A Redis that was emptied, came back as an
 * older copy, or lost its last second looks like any other, so three witnesses are asked: the
 * ledger's generation and beat, what this process has seen of them, and the tenant's own list.
 *
 *   trusted   nothing speaks against it.
 *   new       it is empty, and nothing of the tenant's last window can have been ours.
 *   lost      slots may be missing: nobody creates for one whole window, and until the tenant was listed.
 */
import { assertNever } from "./assert-never.ts";
import { slotWindowMarginMs } from "./slot-ledger.ts";
import type { EpochMs, Milliseconds } from "./units.ts";

/** What stands in the ledger. Beats are the fleet's time in microseconds, each newer than the last. */
export interface LedgerWitness {
  /** Random, given to the ledger with its first use and with each loss; absent where there is none. */
  readonly generation: string | undefined;
  /** Moved on by every change to a line or bulk job, and by upkeep. 0 where there is none. */
  readonly beat: number;
  /** Beat at which the last loss was noticed; 0 where none was. */
  readonly lostBeat: number;
  /** The last beat of each process; no other moves it, so none can hide that one of it is gone. */
  readonly beats: ReadonlyMap<string, number>;
}

/** What one process has last seen of the ledger, by answers to itself. */
export interface WitnessMemory {
  readonly generation: string;
  readonly beat: number;
  readonly beats: ReadonlyMap<string, number>;
}

/** A bulk job of the tenant, whatever its state. */
export interface TenantCreation {
  readonly id: string;
  /** By our own clock; absent where the API gives none. */
  readonly createdAt?: number | undefined;
  /** Whether the ledger has it, or is just creating one of its object. */
  readonly known: boolean;
  /** Whether it can have been created by us: its user is ours, or one of the two is not known. */
  readonly maybeOurs: boolean;
}

/**
 * What gave a loss away. `emptied`: there is no generation any more. `replaced`: another ledger stands
 * in its place. `rolled-back`: it is an older copy of itself. `unknown-bulk-jobs`: the tenant has some
 * of ours that an intact ledger would know.
 */
export type LossSign = "emptied" | "replaced" | "rolled-back" | "unknown-bulk-jobs";

export type HistoryVerdict =
  | { readonly kind: "trusted" }
  | { readonly kind: "new" }
  | { readonly kind: "lost"; readonly sign: LossSign };

/**
 * Judges by what this process remembers; `ask-tenant` where that cannot do: it has just begun and
 * remembers nothing, or has lost touch since, so that others may remember more.
 */
export function judgeByMemory(
  witness: LedgerWitness,
  memory: WitnessMemory | undefined,
  context: { readonly windowMs: Milliseconds; readonly hasLostTouch: boolean },
): HistoryVerdict | { readonly kind: "ask-tenant" } {
  if (memory === undefined) return { kind: "ask-tenant" };
  if (witness.generation === undefined) return { kind: "lost", sign: "emptied" };
  if (witness.generation === memory.generation) {
    if (isBehind(witness, memory, context.windowMs)) return { kind: "lost", sign: "rolled-back" };
  } else if (witness.lostBeat <= memory.beat) return { kind: "lost", sign: "replaced" };
  // Where another worker has noticed a loss, all that we remember lies before it.
  return { kind: context.hasLostTouch ? "ask-tenant" : "trusted" };
}

/** A process that is silent for so many microseconds has no slot in the window; its beat is forgotten. */
export function beatsKeptMicros(windowMs: Milliseconds): number {
  return (windowMs + slotWindowMarginMs) * 1000;
}

/** Beats by process without those that are too old to be kept beside `latest`. */
export function keptBeats(
  beats: ReadonlyMap<string, number>,
  latest: number,
  windowMs: Milliseconds,
): ReadonlyMap<string, number> {
  const oldest = latest - beatsKeptMicros(windowMs);
  return new Map([...beats].filter(([, beat]) => beat >= oldest));
}

function isBehind(witness: LedgerWitness, memory: WitnessMemory, windowMs: Milliseconds): boolean {
  if (witness.beat < memory.beat) return true;
  const remembered = keptBeats(memory.beats, witness.beat, windowMs);
  return [...remembered].some(([process, beat]) => (witness.beats.get(process) ?? 0) < beat);
}

/**
 * Judges by the tenant's list in all states. Of an older copy it is told only what was created later
 * than the margin after the copy's beat; a call that was under way at the beat may just be unanswered.
 */
export function judgeByTenant(
  witness: LedgerWitness,
  creations: readonly TenantCreation[],
  context: { readonly now: EpochMs; readonly windowMs: Milliseconds },
): HistoryVerdict {
  const strays = creations.filter(({ known, maybeOurs }) => !known && maybeOurs);
  if (witness.generation === undefined) {
    const from = context.now - context.windowMs - slotWindowMarginMs;
    return strays.some(({ createdAt = context.now }) => createdAt > from)
      ? { kind: "lost", sign: "emptied" }
      : { kind: "new" };
  }
  const from = witness.beat / 1000 + slotWindowMarginMs;
  return strays.some(({ createdAt = 0 }) => createdAt > from)
    ? { kind: "lost", sign: "unknown-bulk-jobs" }
    : { kind: "trusted" };
}

/** Whether two ids can be of one user: they come with 15 or 18 characters, the last 3 a checksum. */
export function sameUser(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return one.slice(0, 15) === other.slice(0, 15);
}

/** What people are told that was noticed. */
export function lossSentence(sign: LossSign): string {
  switch (sign) {
    case "emptied":
      return "the ledger is empty";
    case "replaced":
      return "another ledger stands in its place";
    case "rolled-back":
      return "the ledger is an older copy of itself";
    case "unknown-bulk-jobs":
      return "the tenant has bulk jobs of ours that the ledger does not know";
    default:
      return assertNever(sign);
  }
}
