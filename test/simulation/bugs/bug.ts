/** A defect that is put into one source file, to see whether the invariants catch it. */
export interface Bug {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Text that is in it exactly once. */
  readonly find: string;
  readonly replace: string;
}
