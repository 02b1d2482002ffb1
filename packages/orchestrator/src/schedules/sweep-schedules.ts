/** Repairs what a crash between two writes has left of schedules and runs, and forgets old runs. */
import { guarded, type Ledger } from "../ledger/ledger.ts";
import type { StepContext } from "../steps/context.ts";
import { endUnreadableRun } from "./end-unreadable-run.ts";
import { noteLoaded } from "./note-loaded.ts";
import { readOpenRuns, unreadableOpenRuns } from "./run-record.ts";
import { readSchedules } from "./schedule-record.ts";
import { runTitle, tick } from "./tick.ts";
import { wakeWaiting } from "./wake-waiting.ts";

/** Entries of a schedule's index of runs looked at in one go. */
const batch = 500;

/** Ticks; ends torn runs; makes sure of every open run's task; wakes runs whose turn has come; notes loaded files. */
export async function sweepSchedules(context: StepContext): Promise<void> {
  const { ledger, signals } = context;
  await tick(context);
  await noteLoaded(ledger);
  for (const [id, fault] of await unreadableOpenRuns(ledger))
    await endUnreadableRun(context, id, fault);
  const open = await readOpenRuns(ledger);
  for (const run of open)
    await signals.runRecorded({ id: run.id, title: runTitle(run.schedule, run) });
  for (const schedule of new Set(open.map((run) => run.schedule)))
    await wakeWaiting(context, schedule);
  for (const { name } of await readSchedules(ledger)) await forgetRuns(ledger, name);
}

/** Removes runs whose record has expired from the schedule's index. */
async function forgetRuns({ redis, base }: Ledger, schedule: string): Promise<void> {
  const index = `${base}schedule:${schedule}:runs`;
  await guarded(async () => {
    for (const id of await redis.zrange(index, "0", String(batch - 1))) {
      if ((await redis.exists(`${base}run:${id}`)) === 1) return;
      await redis.zrem(index, id);
    }
  });
}
