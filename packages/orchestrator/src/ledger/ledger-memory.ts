/**
 * What one process has seen of a connection's ledger. It stands in no Redis on purpose: it is what a
 * Redis that forgets is held against.
 */
import {
  keptBeats,
  type LedgerWitness,
  type Milliseconds,
  type WitnessMemory,
} from "@headgate/core";

/** Changes while the process works. */
export interface LedgerMemory {
  /** Id of this process, unlike that of any other that ever was. */
  readonly process: string;
  /** Absent until this process has judged the ledger's history; till then it creates nothing. */
  witness: WitnessMemory | undefined;
  /** How often the connection to Redis has broken, and of these how often before the last judgement. */
  breaks: number;
  judgedBreaks: number;
  /** The user id that the API names as the creator of our bulk jobs, once known. */
  principal: string | undefined;
  /** Unfinished loads, as last looked at, so that those which are gone after a loss can be named. */
  loads: ReadonlySet<string>;
}

/** The memory of a process that has just begun. */
export function createLedgerMemory(process: string): LedgerMemory {
  return {
    ...{ process, witness: undefined, breaks: 0, judgedBreaks: 0 },
    ...{ principal: undefined, loads: new Set<string>() },
  };
}

/** Keeps the stamp of a write of this process that Redis has acknowledged. */
export function noteBeat(memory: LedgerMemory | undefined, beat: number): void {
  const witness = memory?.witness;
  if (memory === undefined || witness === undefined) return;
  const latest = Math.max(beat, witness.beat);
  const own = Math.max(beat, witness.beats.get(memory.process) ?? 0);
  const beats = new Map(witness.beats).set(memory.process, own);
  memory.witness = { ...witness, beat: latest, beats };
}

/**
 * Keeps what was read of a ledger that is trusted; another task of this process may meanwhile have
 * been told of later beats.
 */
export function noteWitness(
  memory: LedgerMemory,
  { generation, beat, beats }: LedgerWitness,
  windowMs: Milliseconds,
): void {
  if (generation === undefined) return;
  const known = memory.witness?.generation === generation ? memory.witness : undefined;
  const latest = Math.max(beat, known?.beat ?? 0);
  const all = new Map(beats);
  for (const [process, last] of known?.beats ?? [])
    all.set(process, Math.max(last, all.get(process) ?? 0));
  memory.witness = { generation, beat: latest, beats: keptBeats(all, latest, windowMs) };
}

/** Generation and beat as scripts compare them; a process that has not judged yet matches no ledger. */
export function memoryArguments(memory: LedgerMemory | undefined): readonly (string | number)[] {
  if (memory === undefined) return ["", 0];
  const { witness } = memory;
  return witness === undefined || hasLostTouch(memory)
    ? ["unjudged", 0]
    : [witness.generation, witness.beat];
}

/** The last beat of its own that a process remembers; 0 where it remembers none. */
export function ownBeat(memory: LedgerMemory | undefined): number {
  return memory?.witness?.beats.get(memory.process) ?? 0;
}

/** The connection to Redis broke: what answers from now on may be another one, or an older copy. */
export function loseTouch(memory: LedgerMemory | undefined): void {
  if (memory !== undefined) memory.breaks++;
}

/** Whether the ledger was not judged since the connection to Redis last broke. */
export function hasLostTouch({ breaks, judgedBreaks }: LedgerMemory): boolean {
  return breaks !== judgedBreaks;
}
