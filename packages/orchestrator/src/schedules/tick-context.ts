/** What it takes to record runs. */
import type { StepContext } from "../steps/context.ts";

/** Less than a step has, so that the API can record runs too. */
export type TickContext = Pick<StepContext, "ledger" | "signals"> & {
  readonly ports: Pick<StepContext["ports"], "chance" | "emit">;
};
