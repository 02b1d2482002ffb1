/**
 * Which waiting parts the next bulk job takes. The line of an object holds its loads in the order
 * they were accepted; a bulk job takes from the head of one line, because an upsert replaces whole
 * records and so a later load must never overtake an earlier one.
 */
import { isClaimable, type LoadState } from "./load.ts";
import type { ObjectKey, Operation } from "./target.ts";

/** A load as it stands in line. */
export interface WaitingLoad {
  readonly id: string;
  /** Position: lower was accepted earlier. */
  readonly sequence: number;
  readonly state: LoadState;
  readonly operation: Operation;
  /** Parts of the load in all. */
  readonly parts: number;
  /** Number of the first part that was never claimed. */
  readonly nextPart: number;
  /** Parts that were claimed and came back, in ascending order. */
  readonly returned: readonly number[];
  /** Its bulk jobs are created only while more than so many slots are free. */
  readonly leaveSlots: number;
  /** Loads that a bulk job with this one may hold; infinite unless it was in one that has Failed. */
  readonly mostLoads: number;
}

/** One object's line with its first loads, earliest first. */
export interface Line {
  readonly object: ObjectKey;
  readonly loads: readonly WaitingLoad[];
}

/** Parts of one load that go into a bulk job, in ascending order. */
export interface Pick {
  readonly loadId: string;
  readonly parts: readonly number[];
}

/** What one bulk job takes: parts of loads of one object and one operation. */
export interface Claim {
  readonly object: ObjectKey;
  readonly operation: Operation;
  readonly picks: readonly Pick[];
  /** It is committed only while more than so many slots are free. */
  readonly leaveSlots: number;
}

/**
 * The lines that can be claimed from: those that leave the fewest slots first, and of these the one
 * whose head was accepted first. So what one line waits for, all behind it wait for too. A line
 * whose head is still being planned waits, and so does all behind it.
 */
export function rankLines(lines: readonly Line[]): readonly Line[] {
  return lines
    .flatMap((line) => line.loads.slice(0, 1).map((head) => ({ line, head })))
    .filter(({ head }) => isClaimable(head.state))
    .toSorted(
      (a, b) => slotsLeftBy(a.line) - slotsLeftBy(b.line) || a.head.sequence - b.head.sequence,
    )
    .map(({ line }) => line);
}

/**
 * Slots that a line leaves: the fewest that any load in it asks for. The loads behind the head
 * cannot overtake it, so where one of them asks for none, the head must not keep it waiting.
 */
function slotsLeftBy({ loads }: Line): number {
  return Math.min(...loads.map((load) => load.leaveSlots));
}

/**
 * Loads that may share a bulk job from now on, of so many that were in one that the API reports as
 * Failed: half of them, for it does not say which one is to blame. So one bad load among n is alone
 * after some 2 log2(n) bulk jobs, and fails; the others pass on the way.
 */
export function mostLoadsAfterFailure(loads: number): number {
  return Math.ceil(loads / 2);
}

/** Takes up to `maxFiles` parts from the head of a line, or nothing where the head cannot be claimed. */
export function claimFrom(line: Line, maxFiles: number): Claim | undefined {
  const head = line.loads[0];
  if (head === undefined) return undefined;
  const picks: Pick[] = [];
  let room = maxFiles;
  let mostLoads = Number.POSITIVE_INFINITY;
  for (const load of line.loads) {
    if (room === 0 || !isClaimable(load.state) || load.operation !== head.operation) break;
    mostLoads = Math.min(mostLoads, load.mostLoads);
    if (picks.length >= mostLoads) break;
    const parts = waitingParts(load, room);
    if (parts.length > 0) picks.push({ loadId: load.id, parts });
    room -= parts.length;
  }
  if (picks.length === 0) return undefined;
  const { object } = line;
  return { object, operation: head.operation, picks, leaveSlots: slotsLeftBy(line) };
}

/** Ascending: what came back had been claimed before the first that never was. */
function waitingParts(load: WaitingLoad, room: number): number[] {
  const parts = load.returned.slice(0, room);
  for (let part = load.nextPart; part < load.parts && parts.length < room; part++) parts.push(part);
  return parts;
}
