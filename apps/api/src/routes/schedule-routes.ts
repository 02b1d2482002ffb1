/** Schedules: what starts runs by the clock. */
import { isDeepStrictEqual } from "node:util";
import { isBulkError } from "@headgate/core";
import {
  type ScheduleView,
  scheduleNamePattern,
  scheduleSchema,
} from "@headgate/orchestrator/producer";
import { z } from "zod";
import { nextRunsAnswer, scheduleAnswer, schedulesAnswer } from "../answers/schedule-answers.ts";
import { idempotencyHeaders } from "../idempotency-key.ts";
import { callerOf, clientOfRequest } from "../login/bearer-login.ts";
import { connectionToList, seesConnection } from "../login/rights.ts";
import { placeOf, visibleSchedule } from "../login/visible-schedule.ts";
import { answers, bodyProblems, json, nothing } from "../openapi/describe-answers.ts";
import { connectionParameter, noBody, noQuery, schedulePath, whole } from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";

const tags = ["schedules"];
const scheduleAnswers = { 200: json("the schedule", scheduleAnswer) };

/** `GET /v1/schedules`: those of every connection of the client, or of `connection`. */
export function listSchedulesRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.get(
    "/schedules",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "listSchedules", summary: "List schedules" },
        description: "Those of headgate.yaml and those made by HTTP.",
        querystring: z.strictObject({ connection: connectionParameter.exactOptional() }),
        response: answers({ 200: json("all of them", schedulesAnswer) }, "unknown_connection"),
      },
    },
    async (request) => {
      const client = clientOfRequest(request);
      const { connection } = request.query;
      const asked = connection === undefined ? undefined : connectionToList(client, connection);
      const all = await schedules.list(asked);
      return { schedules: all.filter(({ spec }) => seesConnection(client, spec.connection)) };
    },
  );
}

/** `GET /v1/schedules/{name}`. */
export function getScheduleRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.get(
    "/schedules/:name",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "getSchedule", summary: "Look at a schedule" },
        description: "With its next runs and its last one.",
        params: schedulePath,
        querystring: noQuery,
        response: answers(scheduleAnswers, "schedule_not_found"),
      },
    },
    async (request) =>
      await visibleSchedule(schedules, request.params.name, clientOfRequest(request)),
  );
}

const createBody = scheduleSchema
  .extend({
    name: z
      .string()
      .regex(scheduleNamePattern, "must be a-z, 0-9 and -, 1 to 48 long")
      .describe("unique within its connection"),
  })
  .meta({
    id: "NewSchedule",
    examples: [
      {
        name: "nightly",
        cron: "0 2 * * *",
        timeZone: "Europe/Oslo",
        targets: [
          {
            sourceName: "crm",
            object: "customers",
            source: { prefix: "s3://exports/{yyyy-MM-dd}/customers/", suffix: ".csv" },
            gate: { file: "_SUCCESS" },
          },
        ],
      },
    ],
  });

/**
 * `POST /v1/schedules`: 201 and its place. The name makes it once; with an `Idempotency-Key` a
 * repeat of the same schedule is answered as the first was, not by 409.
 */
export function createScheduleRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.post(
    "/schedules",
    {
      config: { scopes: ["admin"] },
      schema: {
        ...{ tags, operationId: "createSchedule", summary: "Make a schedule" },
        description: "With an Idempotency-Key the same schedule may be sent again.",
        headers: idempotencyHeaders,
        querystring: noQuery,
        body: createBody,
        response: answers(
          { 201: json("the schedule", scheduleAnswer) },
          ...[...bodyProblems, "schedule_exists"],
          ...["unknown_connection", "unknown_source_name", "unknown_object", "source_not_allowed"],
        ),
      },
    },
    async (request, reply) => {
      const { name, ...spec } = request.body;
      const caller = callerOf(request);
      const place = placeOf({ name, spec });
      const send = (view: ScheduleView) =>
        reply.code(201).header("location", `/v1/schedules/${place}`).send(view);
      try {
        const view = await schedules.create(name, spec, caller);
        request.log.info({ schedule: place }, "schedule made");
        return send(view);
      } catch (error) {
        if (!isBulkError(error, "ERR_SCHEDULE_EXISTS")) throw error;
        if (request.headers["idempotency-key"] === undefined) throw error;
        const view = await schedules.get(place);
        const isSame = view.principal === caller.principal && isDeepStrictEqual(view.spec, spec);
        if (!isSame || view.origin === "file") throw error;
        reply.header("idempotent-replayed", "true");
        return send(view);
      }
    },
  );
}

/** `DELETE /v1/schedules/{name}`: 204. Runs under way go on. */
export function deleteScheduleRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.delete(
    "/schedules/:name",
    {
      config: { scopes: ["admin"] },
      schema: {
        ...{ tags, operationId: "deleteSchedule", summary: "Delete a schedule" },
        description: "Runs under way go on. One of headgate.yaml is deleted there.",
        params: schedulePath,
        querystring: noQuery,
        response: answers(
          { 204: nothing("it is deleted") },
          ...["schedule_not_found", "schedule_fixed"],
        ),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const view = await visibleSchedule(schedules, name, clientOfRequest(request));
      await schedules.remove(placeOf(view));
      request.log.info({ schedule: name }, "schedule deleted");
      return reply.code(204).send();
    },
  );
}

/** `POST /v1/schedules/{name}/pause` and `/resume`: each does nothing where it is so already. */
export function switchScheduleRoutes(app: V1, { doors: { schedules } }: RouteContext): void {
  for (const [word, summary] of [
    ["pause", "Start no more runs by the clock"],
    ["resume", "Start runs by the clock again"],
  ] as const)
    app.post(
      `/schedules/:name/${word}`,
      {
        config: { scopes: ["operate"] },
        schema: {
          ...{ tags, operationId: `${word}Schedule`, summary },
          description: "Does nothing where it is so already. Runs under way go on.",
          params: schedulePath,
          querystring: noQuery,
          body: noBody,
          response: answers(scheduleAnswers, "schedule_not_found", ...bodyProblems),
        },
      },
      async (request) => {
        const { name } = request.params;
        const view = await visibleSchedule(schedules, name, clientOfRequest(request));
        request.log.info({ schedule: placeOf(view) }, `schedule: ${word}`);
        return await schedules[word](placeOf(view));
      },
    );
}

/** `GET /v1/schedules/{name}/next?count=`: its next instants. */
export function nextRunsRoute(app: V1, { doors: { schedules } }: RouteContext): void {
  app.get(
    "/schedules/:name/next",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "nextRuns", summary: "When a schedule runs next" },
        description: "The next instants of its cron expression in its time zone.",
        params: schedulePath,
        querystring: z.strictObject({
          count: whole(1, 100).default(10).describe("how many, 1 to 100"),
        }),
        response: answers({ 200: json("instants", nextRunsAnswer) }, "schedule_not_found"),
      },
    },
    async (request) => {
      const { name } = request.params;
      const view = await visibleSchedule(schedules, name, clientOfRequest(request));
      return { nextRuns: await schedules.nextRuns(placeOf(view), request.query.count) };
    },
  );
}
