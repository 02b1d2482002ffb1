/**
 * The end of a run. Its final state is written first; then what follows from it is done, and the run
 * is closed. A crash in between does the rest again: events of a run's end come at least once.
 */
import { isBulkError, isFinalLoadState, type Outcome } from "@headgate/core";
import type { Loads } from "../loads.ts";
import type { StepContext } from "../steps/context.ts";
import { type RunRecord, writeRun } from "./run-record.ts";
import { totalsOf } from "./run-view.ts";
import { wakeWaiting } from "./wake-waiting.ts";

/** Does what is left for a run in a final state; answers how its task ends. */
export async function endRun(
  context: Pick<StepContext, "ledger" | "signals"> & {
    readonly ports: Pick<StepContext["ports"], "emit">;
  },
  run: RunRecord,
  loads: Loads,
): Promise<Outcome> {
  if (!run.closed) {
    if (run.state === "cancelled") await cancelLoads(run, loads);
    context.ports.emit({
      type: "schedule.run-ended",
      connection: context.ledger.connection,
      schedule: run.schedule,
      run: run.id,
      date: run.date,
      state: run.state,
      ...totalsOf(run),
      ...run.reason,
    });
    await writeRun(context.ledger, run, { closed: true });
    await wakeWaiting(context, run.schedule);
  }
  const { code = "unknown", message = "no reason was recorded" } = run.reason ?? {};
  switch (run.state) {
    case "complete":
      return { kind: "done", result: { ...totalsOf(run) } };
    case "failed":
      return { kind: "fail", code, message };
    default:
      return { kind: "cancel", reason: message };
  }
}

/** Cancels the loads of a run that can be; also one that was made and not yet noted on the run. */
async function cancelLoads(run: RunRecord, loads: Loads): Promise<void> {
  const { connection } = run.spec;
  let cursor: string | undefined;
  do {
    const page = await loads.list({
      connection,
      run: run.id,
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { id, state } of page.loads)
      if (!isFinalLoadState(state)) await cancelled(loads, id);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

async function cancelled(loads: Loads, id: string): Promise<void> {
  try {
    await loads.cancel(id);
  } catch (error) {
    // It is past cancelling, and goes on.
    if (!isBulkError(error, "ERR_LOAD_STATE", "ERR_LOAD_NOT_FOUND")) throw error;
  }
}
