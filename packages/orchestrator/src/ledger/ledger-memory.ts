/**
 * What one process has seen of a connection's ledger. It stands in no Redis on purpose: it is what a
 * Redis that forgets is held against.
 */
import type { WitnessMemory } from "@headgate/core";

/** Changes while the process works. */
export interface LedgerMemory {
  /** Absent until this process has judged the ledger's history; till then it creates nothing. */
  witness: WitnessMemory | undefined;
  /** The user id that the API names as the creator of our bulk jobs, once known. */
  principal: string | undefined;
  /** Unfinished loads, as last looked at, so that those which are gone after a loss can be named. */
  loads: ReadonlySet<string>;
}

/** The memory of a process that has just begun. */
export function createLedgerMemory(): LedgerMemory {
  return { witness: undefined, principal: undefined, loads: new Set() };
}

/** Keeps the stamp of a write that Redis has acknowledged. */
export function noteBeat(memory: LedgerMemory | undefined, beat: number): void {
  const witness = memory?.witness;
  if (memory !== undefined && witness !== undefined && witness.beat < beat)
    memory.witness = { ...witness, beat };
}

/** Generation and beat as scripts compare them; a process that has not judged yet matches no ledger. */
export function memoryArguments(memory: LedgerMemory | undefined): readonly (string | number)[] {
  if (memory === undefined) return ["", 0];
  const { witness } = memory;
  return witness === undefined ? ["unjudged", 0] : [witness.generation, witness.beat];
}
