/**
 * Looks whether instants of schedules have come since the last look, and records their runs. Done at
 * each wake-up by BullMQ's job scheduler, at the start of a worker and with each sweep: the wake-up is
 * for punctuality, the ledger's `lastDue` for correctness.
 */
import {
  addDays,
  chooseStarts,
  type EpochMs,
  isOverlapSkipped,
  type RunReason,
  type Start,
} from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import { iso } from "../load-view.ts";
import { tampered } from "../seals/seals.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import { dateAt, dueInstants } from "./cron.ts";
import { type NewRun, recordRuns, skippedRun, waitingRun } from "./record-runs.ts";
import { type RunFacts, readOpenRuns } from "./run-record.ts";
import { isAsleep, readSchedules, type ScheduleRecord } from "./schedule-record.ts";
import { tellQueue } from "./tell-queue.ts";
import type { TickContext } from "./tick-context.ts";
import { lineOf } from "./wake-waiting.ts";

/** Most instants looked at; earlier ones count as skipped, and no rule starts as many. */
const mostDue = 1000;

/** Does so for every schedule of the connection. */
export async function tick(context: TickContext): Promise<void> {
  for (const schedule of await readSchedules(context.ledger)) await tickSchedule(context, schedule);
}

/** Does so for one, up to an instant, by default now. Where another worker has just done so, nothing happens. */
export async function tickSchedule(
  context: TickContext,
  schedule: ScheduleRecord,
  upTo?: EpochMs,
): Promise<void> {
  const { ledger, ports } = context;
  if (!schedule.genuine) return tellRefused(context, tampered("schedule", schedule.name));
  if (isAsleep(schedule)) return;
  const { spec } = schedule;
  const now = upTo ?? (await ledgerNow(ledger));
  const due = dueInstants(spec, { from: schedule.lastDue, to: now }, mostDue);
  const lastDue = due.at(-1);
  if (lastDue === undefined) return;
  const { starts, skipped } = chooseStarts(due, now, spec.missedRuns);
  const runs = [
    ...missedRun(context, schedule, { skipped, now }),
    ...(await startedRuns(context, schedule, { starts, now })),
  ];
  const { kind } = await recordRuns(ledger, { schedule, runs, lastDue });
  if (kind !== "recorded") return;
  for (const { id, facts } of runs) {
    if (facts.state === "waiting")
      await tellQueue(context, (to) =>
        to.runRecorded({ id, title: runTitle(schedule.name, facts) }),
      );
    else
      ports.emit({
        type: "schedule.run-skipped",
        connection: ledger.connection,
        schedule: schedule.name,
        run: id,
        date: facts.date,
        cause: facts.cause,
        ...(facts.reason === undefined ? {} : { reason: facts.reason.message }),
      });
  }
}

/** A run in a few words, as the name of its task. */
export function runTitle(
  schedule: string,
  { date, cause }: Pick<RunFacts, "date" | "cause">,
): string {
  return `${schedule} of ${date} by ${cause}`;
}

/** One record that stands for all instants that were missed and start nothing. */
function missedRun(
  context: TickContext,
  schedule: ScheduleRecord,
  { skipped, now }: { readonly skipped: readonly EpochMs[]; readonly now: EpochMs },
): readonly NewRun[] {
  const last = skipped.at(-1);
  if (last === undefined) return [];
  const message = `${skipped.length} missed from ${iso(skipped[0] ?? last)} to ${iso(last)}; missedRuns is ${schedule.spec.missedRuns}`;
  return [skip(newRun(context, schedule, last), { code: "missed", message }, now)];
}

async function startedRuns(
  context: TickContext,
  schedule: ScheduleRecord,
  { starts, now }: { readonly starts: readonly Start[]; readonly now: EpochMs },
): Promise<readonly NewRun[]> {
  const { spec, name } = schedule;
  const unfinished: Pick<RunFacts, "cause">[] = [
    ...lineOf(await readOpenRuns(context.ledger), name),
  ];
  return starts.map((start) => {
    const run = newRun(context, schedule, start.at);
    if (isOverlapSkipped(spec.overlap, start, unfinished)) {
      const message = `a run before it is unfinished; overlap is ${spec.overlap}`;
      return skip(run, { code: "overlap", message }, now);
    }
    unfinished.push(run.facts);
    return run;
  });
}

function newRun({ ledger, ports }: TickContext, schedule: ScheduleRecord, dueAt: EpochMs): NewRun {
  const { spec, principal } = schedule;
  const date = addDays(dateAt(dueAt, spec.timeZone), spec.dateOffsetDays);
  const id = `${ledger.connection}.${ports.chance.newId()}`;
  return { id, facts: waitingRun(spec, { date, cause: "cron", principal, dueAt }) };
}

function skip({ id, facts }: NewRun, reason: RunReason, now: EpochMs): NewRun {
  return { id, facts: skippedRun(facts, reason, now) };
}
