/** Runs of schedules: start them by hand, for one date or many, look at them, cancel them. */
import {
  addDays,
  BulkError,
  type ClientAccess,
  civilDateOf,
  civilTimeAt,
  epochMs,
} from "@headgate/core";
import type { RunView, ScheduleSpec, Schedules } from "@headgate/orchestrator/producer";
import { z } from "zod";
import { backfillAnswer, runAnswer, runPageAnswer } from "../answers/schedule-answers.ts";
import { idempotencyHeaders, keyOf } from "../idempotency-key.ts";
import { callerOf, clientOfRequest } from "../login/bearer-login.ts";
import { seesConnection } from "../login/rights.ts";
import { placeOf, visibleSchedule } from "../login/visible-schedule.ts";
import { answers, bodyProblems, json } from "../openapi/describe-answers.ts";
import { idPath, noBody, noQuery, pageParameters, schedulePath } from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";
import { askErrand, errandAnswers } from "./errand-routes.ts";

const tags = ["runs"];
const date = z.iso.date("must be a date: yyyy-MM-dd");

const dateBody = z
  .strictObject({ date: date.exactOptional().describe("default: that of a run now") })
  .prefault({})
  .meta({ examples: [{ date: "2026-01-31" }, {}] });

/** `POST /v1/schedules/{name}/run`: a run by hand; 202 and its place. */
export function startRunRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.post(
    "/schedules/:name/run",
    {
      config: { scopes: ["operate"] },
      schema: {
        ...{ tags, operationId: "startRun", summary: "Run a schedule now" },
        description: "For a date, default that of a run now. Files already loaded are left out.",
        params: schedulePath,
        querystring: noQuery,
        headers: idempotencyHeaders,
        body: dateBody,
        response: answers(
          { 202: json("the run", runAnswer) },
          ...["schedule_not_found", "idempotency_conflict"],
          ...["too_many_pending", "record_tampered"],
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const view = await visibleSchedule(schedules, name, clientOfRequest(request));
      const run = await schedules.runNow(placeOf(view), {
        caller: callerOf(request),
        ...request.body,
        ...keyOf(request.headers),
      });
      request.log.info({ run: run.id }, "run asked for");
      return reply.code(202).header("location", `/v1/runs/${run.id}`).send(run);
    },
  );
}

const backfillBody = z
  .strictObject({
    from: date,
    to: date,
    leaveSlots: z
      .int()
      .min(0)
      .max(999)
      .exactOptional()
      .describe("its loads leave so many slots free for others; default 5"),
  })
  .refine(({ from, to }) => from <= to, { path: ["to"], error: "must not lie before from" })
  .meta({ id: "NewBackfill", examples: [{ from: "2026-01-01", to: "2026-01-31" }] });

/** `POST /v1/schedules/{name}/backfill`: a run for each date, oldest first; 202. */
export function backfillRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.post(
    "/schedules/:name/backfill",
    {
      config: { scopes: ["operate"] },
      schema: {
        ...{ tags, operationId: "backfill", summary: "Run a schedule for many dates" },
        description: "One run a date, at most 366, oldest first, one at a time.",
        params: schedulePath,
        querystring: noQuery,
        headers: idempotencyHeaders,
        body: backfillBody,
        response: answers(
          { 202: json("the backfill with its runs", backfillAnswer) },
          ...["schedule_not_found", "idempotency_conflict"],
          ...["too_many_pending", "record_tampered"],
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const view = await visibleSchedule(schedules, name, clientOfRequest(request));
      const backfill = await schedules.backfill(placeOf(view), {
        caller: callerOf(request),
        ...request.body,
        ...keyOf(request.headers),
      });
      request.log.info({ backfill: backfill.id }, "backfill asked for");
      return reply
        .code(202)
        .header("location", `/v1/schedules/${placeOf(view)}/runs`)
        .send(backfill);
    },
  );
}

/** `POST /v1/schedules/{name}/test`: what a run for a date would take; an errand. */
export function testScheduleRoute(app: V1, { doors }: RouteContext): void {
  app.post(
    "/schedules/:name/test",
    {
      config: { scopes: ["read", "operate"] },
      schema: {
        ...{ tags, operationId: "testSchedule", summary: "See what a run would take" },
        description: "A worker looks; nothing is recorded. Result: ScheduleTestReport.",
        params: schedulePath,
        querystring: noQuery,
        body: dateBody,
        response: answers(errandAnswers, "schedule_not_found", ...bodyProblems),
      },
    },
    async (request, reply) => {
      const client = clientOfRequest(request);
      const { name, spec } = await visibleSchedule(doors.schedules, request.params.name, client);
      const { connection } = spec;
      const errand = { kind: "schedule-test", connection, schedule: name } as const;
      const { date: asked = dateOfRunAt(Date.now(), spec) } = request.body;
      return await askErrand(doors, { ...errand, date: asked }, { request, reply });
    },
  );
}

/** The date of a run that starts at this instant. */
function dateOfRunAt(now: number, { timeZone, dateOffsetDays }: ScheduleSpec): string {
  return addDays(civilDateOf(civilTimeAt(epochMs(now), timeZone)), dateOffsetDays);
}

/** `GET /v1/schedules/{name}/runs`: newest first. */
export function listRunsRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.get(
    "/schedules/:name/runs",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "listRuns", summary: "List the runs of a schedule" },
        description: "Newest first.",
        params: schedulePath,
        querystring: z.strictObject(pageParameters),
        response: answers({ 200: json("a page of runs", runPageAnswer) }, "schedule_not_found"),
      },
    },
    async (request) => {
      const { name } = request.params;
      const view = await visibleSchedule(schedules, name, clientOfRequest(request));
      return await schedules.runs(placeOf(view), request.query);
    },
  );
}

/** `GET /v1/runs/{id}`: a run, and once it has ended its summary. */
export function getRunRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.get(
    "/runs/:id",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "getRun", summary: "Look at a run" },
        description: "Once it has ended it is the run's summary.",
        params: idPath,
        querystring: noQuery,
        response: answers({ 200: json("the run", runAnswer) }, "run_not_found"),
      },
    },
    async (request) => await visibleRun(schedules, request.params.id, clientOfRequest(request)),
  );
}

/** `POST /v1/runs/{id}/cancel`: cancels the run and those of its loads that can be. */
export function cancelRunRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.post(
    "/runs/:id/cancel",
    {
      config: { scopes: ["operate"] },
      schema: {
        ...{ tags, operationId: "cancelRun", summary: "Cancel a run" },
        description: "And those of its loads that can be; of a backfill also the runs behind it.",
        params: idPath,
        querystring: noQuery,
        body: noBody,
        response: answers(
          { 200: json("the run", runAnswer) },
          ...["run_not_found", "run_state", ...bodyProblems],
        ),
      },
    },
    async (request) => {
      const { id } = request.params;
      await visibleRun(schedules, id, clientOfRequest(request));
      request.log.info({ run: id }, "run cancelled");
      return await schedules.cancelRun(id);
    },
  );
}

async function visibleRun(
  schedules: Schedules,
  id: string,
  client: ClientAccess,
): Promise<RunView> {
  const run = await schedules.run(id);
  if (run !== undefined && seesConnection(client, run.connection)) return run;
  throw new BulkError("ERR_RUN_NOT_FOUND", `there is no run "${id}"`, { fields: { run: id } });
}
