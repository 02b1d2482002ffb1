/** Brings the schedules of headgate.yaml into a connection's ledger. */
import { ledgerNow } from "../ledger/ledger.ts";
import type { ScheduleSpec } from "../schedule-spec.ts";
import { checkSchedule } from "./schedule-faults.ts";
import {
  fileOwner,
  isAsleep,
  readSchedule,
  readSchedules,
  removeSchedule,
  writeSchedule,
} from "./schedule-record.ts";
import { tellQueue } from "./tell-queue.ts";
import { tickSchedule } from "./tick.ts";
import type { TickContext } from "./tick-context.ts";

/** A connection, and where to tell what was changed. */
export type SyncContext = TickContext;

/**
 * Takes over the schedules that name this connection, by their names; those of the file that are no
 * longer in it are removed, and their runs go on. A changed one counts from now on, after what came
 * due by the old one; a paused one stays paused. Where the API has made one of the same name, the
 * file wins, with the event `schedule.synced`. Throws ERR_REQUEST_INVALID before anything is written.
 */
export async function syncSchedules(
  context: SyncContext,
  specs: Readonly<Record<string, ScheduleSpec>>,
): Promise<void> {
  const { ledger } = context;
  const own = Object.entries(specs).filter(([, spec]) => spec.connection === ledger.connection);
  for (const [, spec] of own) checkSchedule(spec);
  for (const [name, spec] of own) await syncSchedule(context, name, spec);
  const kept = new Set(own.map(([name]) => name));
  for (const { name, origin } of await readSchedules(ledger))
    if (origin === "file" && !kept.has(name)) {
      await removeSchedule(ledger, name, "file");
      await tellQueue(context, (to) => to.scheduleChanged(name, undefined));
      told(context, name, "removed");
    }
}

async function syncSchedule(context: TickContext, name: string, spec: ScheduleSpec): Promise<void> {
  const { ledger } = context;
  const before = await readSchedule(ledger, name);
  // The old one counts up to this instant and the new one from it, so that none is lost between them.
  const changedAt = await ledgerNow(ledger);
  if (before?.origin === "file") await tickSchedule(context, before, changedAt);
  const schedule = { name, origin: "file", principal: fileOwner, spec } as const;
  const written = await writeSchedule(ledger, { ...schedule, countFrom: changedAt }, "put");
  const now = await readSchedule(ledger, name);
  const timing = now === undefined || isAsleep(now) ? undefined : spec;
  await tellQueue(context, (to) => to.scheduleChanged(name, timing));
  if (written !== "same") told(context, name, written);
}

function told({ ledger, ports }: TickContext, schedule: string, change: string): void {
  ports.emit({ type: "schedule.synced", connection: ledger.connection, schedule, change });
}
