/** Runs that someone asks for: one by hand, and those of a backfill. */
import { createHash } from "node:crypto";
import { addDays, BulkError, daysBetween, isCivilDate } from "@headgate/core";
import { z } from "zod";
import { ledgerNow } from "../ledger/ledger.ts";
import type { Caller } from "../loads.ts";
import type { BackfillView, RunView } from "../schedules.ts";
import { noRun } from "./cancel-run.ts";
import { dateAt } from "./cron.ts";
import { type NewRun, type RunBatch, readBackfill, recordRuns, waitingRun } from "./record-runs.ts";
import { readRun, readRuns } from "./run-record.ts";
import { runView } from "./run-view.ts";
import { noSchedule, readSchedule, type ScheduleRecord } from "./schedule-record.ts";
import { tellQueue } from "./tell-queue.ts";
import { runTitle } from "./tick.ts";
import type { TickContext } from "./tick-context.ts";

/** Most dates of a backfill: a leap year. */
const mostDates = 366;
const defaultLeaveSlots = 5;
/**
 * Unfinished runs of a connection beyond which none is taken on request: each holds its schedule's
 * spec, and each step of a run looks at all of them.
 */
const mostOpen = 2000;
/** Times that a schedule which changes meanwhile is read again. */
const tries = 20;

/** Who asks, and the key that makes asking again harmless. */
interface Asked {
  readonly caller: Caller;
  readonly idempotencyKey?: string;
}

/**
 * Records a run by hand. Throws ERR_REQUEST_INVALID, ERR_IDEMPOTENCY_CONFLICT, ERR_SCHEDULE_NOT_FOUND,
 * ERR_TOO_MANY_PENDING.
 */
export async function askRun(
  context: TickContext,
  schedule: ScheduleRecord,
  asked: Asked & { readonly date?: string },
): Promise<RunView> {
  const { spec } = schedule;
  const dueAt = await ledgerNow(context.ledger);
  if (asked.date !== undefined) checkDate("date", asked.date);
  const date = asked.date ?? addDays(dateAt(dueAt, spec.timeZone), spec.dateOffsetDays);
  const id = newId(context);
  const answer = await record(context, schedule.name, (current) => ({
    schedule: current,
    runs: [newRun(current, id, { date, dueAt, cause: "hand" })],
    answer: id,
    idempotency: idempotencyOf(asked, ["run", schedule.name, asked.date ?? ""]),
  }));
  const run = await readRun(context.ledger, answer);
  if (run === undefined) throw noRun(answer);
  return runView(run);
}

/** Records the runs of a backfill, oldest date first. Throws likewise. */
export async function askBackfill(
  context: TickContext,
  schedule: ScheduleRecord,
  asked: Asked & { readonly from: string; readonly to: string; readonly leaveSlots?: number },
): Promise<BackfillView> {
  const { from, to, leaveSlots = defaultLeaveSlots } = asked;
  checkDate("from", from);
  checkDate("to", to);
  const dates = daysBetween(from, to) + 1;
  if (dates < 1) throw invalid("to", `${to} is before ${from}`);
  if (dates > mostDates)
    throw invalid("to", `${from} to ${to} are ${dates} dates; ${mostDates} are allowed`);
  if (!Number.isSafeInteger(leaveSlots) || leaveSlots < 0 || leaveSlots > 999)
    throw invalid("leaveSlots", `${leaveSlots}; it must be 0 to 999`);
  const dueAt = await ledgerNow(context.ledger);
  const id = newId(context);
  const runIds = Array.from({ length: dates }, () => newId(context));
  const backfill = { schedule: schedule.name, from, to, leaveSlots, runs: runIds };
  const answer = await record(context, schedule.name, (current) => ({
    schedule: current,
    runs: runIds.map((runId, index) =>
      newRun(current, runId, {
        date: addDays(from, index),
        dueAt,
        cause: "backfill",
        backfill: id,
        leaveSlots,
      }),
    ),
    answer: id,
    backfill: JSON.stringify(backfill),
    idempotency: idempotencyOf(asked, ["backfill", schedule.name, from, to, leaveSlots]),
  }));
  return await backfillView(context, answer);
}

const backfillSchema = z.object({
  schedule: z.string(),
  from: z.string(),
  to: z.string(),
  leaveSlots: z.number(),
  runs: z.array(z.string()),
});

async function backfillView({ ledger }: TickContext, id: string): Promise<BackfillView> {
  const text = await readBackfill(ledger, id);
  if (text === undefined) throw noRun(id);
  const { runs, ...facts } = backfillSchema.parse(JSON.parse(text));
  return { id, ...facts, runs: (await readRuns(ledger, runs)).map(runView) };
}

/** Records a batch for the schedule as it is, and tells the tasks; answers the batch's `answer`, or the earlier one's. */
async function record(
  context: TickContext,
  name: string,
  batchOf: (current: ScheduleRecord) => RunBatch,
): Promise<string> {
  const { ledger } = context;
  for (let left = tries; left > 0; left--) {
    const current = await readSchedule(ledger, name);
    if (current === undefined) throw noSchedule(name);
    const batch = batchOf(current);
    const { kind, answer } = await recordRuns(ledger, { ...batch, mostOpen });
    if (kind === "fenced") continue;
    if (kind === "full") throw tooManyRuns(ledger.connection);
    if (kind === "conflict") throw keyConflict(answer);
    if (kind === "recorded")
      for (const { id, facts } of batch.runs)
        await tellQueue(context, (to) => to.runRecorded({ id, title: runTitle(name, facts) }));
    return answer;
  }
  throw new BulkError("ERR_LEDGER_FENCED", `schedule "${name}" changes all the time`, {
    fields: { schedule: name },
  });
}

function newRun(
  { spec, principal }: ScheduleRecord,
  id: string,
  facts: Omit<Parameters<typeof waitingRun>[1], "principal">,
): NewRun {
  return { id, facts: waitingRun(spec, { ...facts, principal }) };
}

function newId({ ledger, ports }: TickContext): string {
  return `${ledger.connection}.${ports.chance.newId()}`;
}

function idempotencyOf(
  { caller, idempotencyKey }: Asked,
  request: readonly unknown[],
): RunBatch["idempotency"] {
  if (idempotencyKey === undefined) return undefined;
  return {
    key: hash([caller.via, caller.principal, idempotencyKey]),
    body: hash(request),
  };
}

function hash(value: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function checkDate(field: string, date: string): void {
  if (!isCivilDate(date))
    throw invalid(field, `"${date.slice(0, 40)}" is no date; it must be yyyy-MM-dd`);
}

function invalid(field: string, problem: string): BulkError {
  return new BulkError("ERR_REQUEST_INVALID", `${field}: ${problem}`, { fields: { field } });
}

function tooManyRuns(connection: string): BulkError {
  return new BulkError(
    "ERR_TOO_MANY_PENDING",
    `connection "${connection}" would have more unfinished runs than it may have: ${mostOpen}`,
    { fields: { connection, allowed: mostOpen } },
  );
}

function keyConflict(answer: string): BulkError {
  return new BulkError(
    "ERR_IDEMPOTENCY_CONFLICT",
    `this idempotency key was used for another request, which made ${answer}`,
    { fields: { made: answer } },
  );
}
