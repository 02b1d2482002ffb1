/** The one place that turns a step's outcome into effects on its task. */
import { assertNever, type EpochMs, type Outcome } from "@headgate/core";
import { DelayedError, type Job, UnrecoverableError } from "bullmq";

/**
 * Answers what BullMQ keeps as the task's return value, or throws what makes it wait or fail. A
 * snooze moves the task to delayed and spends no attempt. `now` is the ledger's time, which may
 * differ from this machine's: BullMQ wakes tasks by the clocks of the machines that take them, so the
 * span counts, not the instant. Where a wall clock jumps a task sleeps shorter or longer by the jump
 * (see clock-faults.ts); what it then does hangs on the ledger's time.
 */
export async function applyOutcome(
  task: Job,
  token: string | undefined,
  outcome: Outcome,
  now: EpochMs,
): Promise<unknown> {
  switch (outcome.kind) {
    case "done":
      return outcome.result ?? {};
    case "cancel":
      return { cancelled: outcome.reason };
    case "snooze":
      await task.moveToDelayed(Date.now() + Math.max(outcome.until - now, 0), token);
      throw new DelayedError(outcome.reason);
    case "fail":
      throw new UnrecoverableError(`${outcome.code}: ${outcome.message}`);
    default:
      return assertNever(outcome);
  }
}
