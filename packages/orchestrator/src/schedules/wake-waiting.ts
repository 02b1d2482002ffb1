/** Wakes the runs of a schedule whose turn has come. */
import { mayBegin } from "@headgate/core";
import type { StepContext } from "../steps/context.ts";
import { type RunRecord, readOpenRuns } from "./run-record.ts";

/** Also done by the sweep, should a wake-up be missed. */
export async function wakeWaiting(
  { ledger, signals }: Pick<StepContext, "ledger" | "signals">,
  schedule: string,
): Promise<void> {
  const line = lineOf(await readOpenRuns(ledger), schedule);
  for (const run of line)
    if (run.state === "waiting" && mayBegin(run, line, run.spec.overlap))
      await signals.runChanged(run.id);
}

/** The unfinished runs of a schedule among these, in the order recorded. */
export function lineOf(open: readonly RunRecord[], schedule: string): readonly RunRecord[] {
  return open.filter(
    (run) => run.schedule === schedule && (run.state === "waiting" || run.state === "running"),
  );
}
