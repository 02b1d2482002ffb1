/** Errands: work that the API hands to a worker, and their reports. */
import { z } from "zod";
import { findingsAnswer } from "./findings.ts";
import { reason } from "./loads.ts";
import { path, type Query, type Route } from "./route.ts";

/** Longest wait that a request asks the API for. */
const waitSeconds = 20;
const file = z.looseObject({ uri: z.string(), bytes: z.number() });

export const errandAnswer = z.looseObject({
  id: z.string(),
  kind: z.string(),
  connection: z.string(),
  state: z.enum(["waiting", "running", "done", "failed"]),
  progress: z.looseObject({ sourceObjects: z.number(), bytes: z.number() }).optional(),
  result: z.looseObject({}).optional(),
  reason: reason.optional(),
});

/** Result of a dry run. */
export const planReport = z.looseObject({
  connection: z.string(),
  sourceName: z.string(),
  object: z.string(),
  operation: z.string(),
  ok: z.boolean(),
  reason: reason.optional(),
  sourceObjects: z.number(),
  files: z.array(file),
  parts: z.number(),
  bulkJobs: z.number(),
  bytes: z.number(),
  records: z.number(),
  findings: findingsAnswer,
});
export type PlanReport = z.output<typeof planReport>;

/** What a run of a schedule for a date would take. */
export const scheduleTestReport = z.looseObject({
  schedule: z.string(),
  date: z.string(),
  targets: z.array(
    z.looseObject({
      name: z.string(),
      sources: z.array(z.string()),
      ready: z.boolean(),
      waitsFor: z.string().optional(),
      files: z.array(file),
      newFiles: z.number(),
      bytes: z.number(),
      alreadyLoaded: z.number(),
    }),
  ),
});
export type ScheduleTestReport = z.output<typeof scheduleTestReport>;

export type ErrandRoute = Route<typeof errandAnswer>;

export function getErrand(id: string): ErrandRoute {
  return {
    ...{ answer: errandAnswer, method: "GET", path: path("errands", id) },
    headers: { prefer: `wait=${waitSeconds}` },
  };
}

/** A dry run of a load request. */
export function planLoad(body: unknown): ErrandRoute {
  return { answer: errandAnswer, method: "POST", path: path("plans"), body };
}

export function testSchedule(name: string, date: string | undefined): ErrandRoute {
  const body = date === undefined ? {} : { date };
  return { answer: errandAnswer, method: "POST", path: path("schedules", name, "test"), body };
}

/** By our id or the API's. */
export function abortBulkJob(id: string, query: Query): ErrandRoute {
  const at = path("bulk-jobs", id, "abort");
  return { answer: errandAnswer, method: "POST", path: at, query };
}

export function observeTenant(query: Query): ErrandRoute {
  return { answer: errandAnswer, method: "POST", path: path("bulk-jobs", "observe"), query };
}

export function reap(query: Query): ErrandRoute {
  return { answer: errandAnswer, method: "POST", path: path("reap"), query };
}
