/** What the processes of a simulation tell each other. */
import type { SeedResult } from "./run-seed.ts";

export interface ToSlice {
  readonly seed: number;
  readonly keepTrace: boolean;
}

/** A seed's result, as it goes between processes. */
export type FromSlice = Omit<SeedResult, "counts"> & {
  readonly counts: readonly (readonly [string, number])[];
};
