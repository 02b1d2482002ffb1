/** What the processes of a simulation tell each other. */
import type { SeedResult } from "./run-seed.ts";
import type { TraceKind } from "./trace.ts";

export interface ToSlice {
  readonly seed: number;
  readonly traced: TraceKind;
}

/** A seed's result, as it goes between processes. */
export type FromSlice = Omit<SeedResult, "counts"> & {
  readonly counts: readonly (readonly [string, number])[];
};
