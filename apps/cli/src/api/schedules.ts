/** Schedules and their runs: routes and answers as far as the CLI reads them. */
import { z } from "zod";
import { reason } from "./loads.ts";
import { path, type Query, type Route } from "./route.ts";

const runTarget = z.looseObject({
  name: z.string(),
  sourceName: z.string(),
  object: z.string(),
  state: z.string(),
  reason: reason.optional(),
  loads: z.array(z.string()),
  files: z.number(),
  bytes: z.number(),
  records: z.number(),
});

const runStates = ["waiting", "running", "complete", "failed", "cancelled", "skipped"] as const;

/** A run of a schedule. */
export const runAnswer = z.looseObject({
  id: z.string(),
  schedule: z.string(),
  connection: z.string(),
  date: z.string(),
  cause: z.string(),
  state: z.enum(runStates),
  reason: reason.optional(),
  dueAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  targets: z.array(runTarget),
  files: z.number(),
  bytes: z.number(),
  records: z.number(),
});
export type RunAnswer = z.output<typeof runAnswer>;

const runPageAnswer = z.looseObject({
  runs: z.array(runAnswer),
  nextCursor: z.string().optional(),
});

const scheduleAnswer = z.looseObject({
  name: z.string(),
  origin: z.string(),
  paused: z.boolean(),
  spec: z.looseObject({
    connection: z.string(),
    cron: z.string(),
    timeZone: z.string(),
    targets: z.array(z.looseObject({ sourceName: z.string(), object: z.string() })),
  }),
  nextRuns: z.array(z.string()),
  lastRun: runAnswer.optional(),
});
export type ScheduleAnswer = z.output<typeof scheduleAnswer>;

const scheduleListAnswer = z.looseObject({ schedules: z.array(scheduleAnswer) });
const nextRunsAnswer = z.looseObject({ nextRuns: z.array(z.string()) });
const backfillAnswer = z.looseObject({
  id: z.string(),
  schedule: z.string(),
  from: z.string(),
  to: z.string(),
  leaveSlots: z.number(),
  runs: z.array(runAnswer),
});

export function listSchedules(query: Query): Route<typeof scheduleListAnswer> {
  return { answer: scheduleListAnswer, method: "GET", path: path("schedules"), query };
}

export function getSchedule(name: string): Route<typeof scheduleAnswer> {
  return { answer: scheduleAnswer, method: "GET", path: path("schedules", name) };
}

export function createSchedule(body: unknown, key: string): Route<typeof scheduleAnswer> {
  return {
    ...{ answer: scheduleAnswer, method: "POST", path: path("schedules"), body },
    headers: { "idempotency-key": key },
  };
}

export function deleteSchedule(name: string): Route<z.ZodUnknown> {
  return { answer: z.unknown(), method: "DELETE", path: path("schedules", name) };
}

/** Both do nothing where it is so already. */
export function switchSchedule(name: string, to: "pause" | "resume"): Route<typeof scheduleAnswer> {
  return { answer: scheduleAnswer, method: "POST", path: path("schedules", name, to) };
}

export function nextRuns(name: string, count: number): Route<typeof nextRunsAnswer> {
  const at = path("schedules", name, "next");
  return { answer: nextRunsAnswer, method: "GET", path: at, query: { count } };
}

export function listRuns(name: string, query: Query): Route<typeof runPageAnswer> {
  return { answer: runPageAnswer, method: "GET", path: path("schedules", name, "runs"), query };
}

export function getRun(id: string): Route<typeof runAnswer> {
  return { answer: runAnswer, method: "GET", path: path("runs", id) };
}

export function cancelRun(id: string): Route<typeof runAnswer> {
  return { answer: runAnswer, method: "POST", path: path("runs", id, "cancel") };
}

/** A run by hand, for a date or for that of now. */
export function startRun(
  name: string,
  body: { readonly date?: string | undefined },
  key: string,
): Route<typeof runAnswer> {
  return {
    ...{ answer: runAnswer, method: "POST", path: path("schedules", name, "run"), body },
    headers: { "idempotency-key": key },
  };
}

/** A run for each date, oldest first. */
export function startBackfill(
  name: string,
  body: { readonly from: string; readonly to: string; readonly leaveSlots?: number | undefined },
  key: string,
): Route<typeof backfillAnswer> {
  return {
    ...{ answer: backfillAnswer, method: "POST", path: path("schedules", name, "backfill"), body },
    headers: { "idempotency-key": key },
  };
}
