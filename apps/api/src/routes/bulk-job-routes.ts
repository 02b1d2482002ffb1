/** Bulk jobs of the tenants: ours and other tools', and what an operator can do about them. */
import { BulkError, bulkJobPhases, type ClientAccess } from "@headgate/core";
import type { BulkJobs, ErrandRequest, ListedBulkJob } from "@headgate/orchestrator/producer";
import { z } from "zod";
import { bulkJobAnswer, bulkJobPageAnswer } from "../answers/bulk-job-answers.ts";
import { clientOfRequest } from "../login/bearer-login.ts";
import { connectionToList, seesConnection } from "../login/rights.ts";
import { answers, bodyProblems, json } from "../openapi/describe-answers.ts";
import { connectionParameter, idPath, noBody, noQuery, pageParameters } from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";
import { askErrand, errandAnswers } from "./errand-routes.ts";

const tags = ["bulk-jobs"];

const listQuery = z.strictObject({
  connection: connectionParameter.exactOptional(),
  phase: z.enum(bulkJobPhases).exactOptional(),
  owner: z.enum(["ours", "foreign"]).exactOptional(),
  ...pageParameters,
});

/** `GET /v1/bulk-jobs`: those of other tools first, then ours, newest first. */
export function listBulkJobsRoute(app: V1, { doors: { bulkJobs } }: RouteContext): void {
  app.get(
    "/bulk-jobs",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "listBulkJobs", summary: "List bulk jobs" },
        description: "Those of other tools, as in the tenant's last list, then ours, newest first.",
        querystring: listQuery,
        response: answers({ 200: json("a page", bulkJobPageAnswer) }, "unknown_connection"),
      },
    },
    async (request) => {
      const { connection: asked, ...filter } = request.query;
      const connection = connectionToList(clientOfRequest(request), asked);
      return await bulkJobs.list({
        ...filter,
        ...(connection === undefined ? {} : { connection }),
      });
    },
  );
}

/** `GET /v1/bulk-jobs/{id}`, by our id or the API's. */
export function getBulkJobRoute(app: V1, { doors: { bulkJobs } }: RouteContext): void {
  app.get(
    "/bulk-jobs/:id",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags, operationId: "getBulkJob", summary: "Look at a bulk job" },
        description: "By headgate's id or the API's.",
        params: idPath,
        querystring: noQuery,
        response: answers({ 200: json("the bulk job", bulkJobAnswer) }, "bulk_job_not_found"),
      },
    },
    async (request) => await visible(bulkJobs, request.params.id, clientOfRequest(request)),
  );
}

const connectionQuery = z.strictObject({ connection: connectionParameter.default("default") });

/** `POST /v1/bulk-jobs/{id}/abort`: aborts a bulk job; parts of ours return to their lines. */
export function abortBulkJobRoute(app: V1, { doors }: RouteContext): void {
  app.post(
    "/bulk-jobs/:id/abort",
    {
      config: { scopes: ["operate"] },
      schema: {
        ...{ tags, operationId: "abortBulkJob", summary: "Abort a bulk job" },
        description: "By headgate's id or the API's. Parts of ours return to their lines.",
        params: idPath,
        querystring: z.strictObject({ connection: connectionParameter.exactOptional() }),
        body: noBody,
        response: answers(errandAnswers, "bulk_job_not_found", "bulk_job_state", ...bodyProblems),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const bulkJob = await visible(doors.bulkJobs, id, clientOfRequest(request));
      const { connection } = bulkJob;
      const { connection: asked = connection } = request.query;
      if (asked !== connection) throw notFound(id);
      if (isGone(bulkJob)) throw hasEnded(id);
      return await askErrand(doors, { kind: "abort-bulk-job", connection, id }, { request, reply });
    },
  );
}

/** `POST /v1/bulk-jobs/observe` and `POST /v1/reap`: what workers do by themselves, now. */
export function upkeepRoutes(app: V1, { doors }: RouteContext): void {
  const rounds: readonly {
    url: string;
    kind: Extract<ErrandRequest["kind"], "observe" | "reap">;
    summary: string;
    description: string;
  }[] = [
    {
      ...{ url: "/bulk-jobs/observe", kind: "observe", summary: "Read the tenant's list now" },
      description: "Reads the list of unfinished bulk jobs, as workers do before they create one.",
    },
    {
      ...{ url: "/reap", kind: "reap", summary: "Look after old bulk jobs now" },
      description: "A round of the reaper: completes, aborts or reports bulk jobs left open.",
    },
  ];
  for (const { url, kind, summary, description } of rounds)
    app.post(
      url,
      {
        config: { scopes: ["operate"] },
        schema: {
          ...{ tags, operationId: kind, summary, description },
          querystring: connectionQuery,
          body: noBody,
          response: answers(errandAnswers, "unknown_connection", ...bodyProblems),
        },
      },
      async (request, reply) =>
        await askErrand(doors, { kind, connection: request.query.connection }, { request, reply }),
    );
}

async function visible(
  bulkJobs: BulkJobs,
  id: string,
  client: ClientAccess,
): Promise<ListedBulkJob> {
  const bulkJob = await bulkJobs.get(id);
  if (bulkJob !== undefined && seesConnection(client, bulkJob.connection)) return bulkJob;
  throw notFound(id);
}

/** Of any other that has ended the worker asks the API: after a restore of Redis it can live on there. */
function isGone({ phase, remoteId, remoteState }: ListedBulkJob): boolean {
  return phase === "ended" && (remoteId === undefined || remoteState === "Aborted");
}

function hasEnded(id: string): BulkError {
  return new BulkError("ERR_BULK_JOB_STATE", `bulk job "${id}" has ended already`, {
    fields: { bulkJob: id },
  });
}

function notFound(id: string): BulkError {
  return new BulkError("ERR_BULK_JOB_NOT_FOUND", `there is no bulk job "${id}"`, {
    fields: { bulkJob: id },
  });
}
