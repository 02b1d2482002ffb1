/** Loads: bring, list, look at, cancel and bring again. */
import { loadStates, operations } from "@headgate/core";
import { parseLoadRequest } from "@headgate/orchestrator/producer";
import { z } from "zod";
import { loadAnswer, loadPageAnswer, partPageAnswer } from "../answers/load-answers.ts";
import { entityTag, isFresh } from "../entity-tag.ts";
import { idempotencyHeaders, keyOf } from "../idempotency-key.ts";
import { callerOf, clientOfRequest } from "../login/bearer-login.ts";
import { checkMayOperate, connectionToList, visibleLoad } from "../login/rights.ts";
import { hasScope } from "../login/scopes.ts";
import { answers, bodyProblems, json, nothing } from "../openapi/describe-answers.ts";
import {
  connectionParameter,
  idPath,
  instantParameter,
  listOf,
  noBody,
  noQuery,
  pageParameters,
} from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";
import { loadRequestBody } from "./load-request-body.ts";

const tags = ["loads"];

/**
 * `POST /v1/loads`: records a load and answers 202 with its view and place. With an
 * `Idempotency-Key` the same request may be sent again and again and makes one load; an answer
 * that repeats an earlier one carries `Idempotent-Replayed: true`.
 */
export function acceptLoadRoute(app: V1, { doors: { loads } }: RouteContext): void {
  app.post(
    "/loads",
    {
      config: { scopes: ["enqueue"] },
      schema: {
        ...{ tags, operationId: "acceptLoad", summary: "Bring a load" },
        description: "Records a load. Workers plan it, and send it when the tenant has room.",
        querystring: noQuery,
        headers: idempotencyHeaders,
        body: loadRequestBody,
        response: answers(
          { 202: json("accepted, now or by an earlier request with this key", loadAnswer) },
          ...[...bodyProblems, "source_not_allowed", "source_uri"],
          ...["idempotency_conflict", "too_many_pending"],
          ...["unknown_connection", "unknown_source_name", "unknown_object"],
        ),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { load, replayed } = await loads.accept(parseLoadRequest(request.body), {
        caller,
        ...keyOf(request.headers),
      });
      request.log.info({ load: load.id, replayed }, "load accepted");
      if (replayed) reply.header("idempotent-replayed", "true");
      return reply.code(202).header("location", `/v1/loads/${load.id}`).send(load);
    },
  );
}

const listQuery = z
  .strictObject({
    connection: connectionParameter.exactOptional(),
    state: listOf(z.enum(loadStates)).exactOptional().describe("repeated, or with commas"),
    sourceName: z.string().max(80).exactOptional(),
    object: z.string().max(80).exactOptional(),
    operation: z.enum(operations).exactOptional(),
    principal: z.string().max(32).exactOptional().describe("the client that brought them"),
    run: z.string().max(100).exactOptional().describe("the run of a schedule that brought them"),
    since: instantParameter.exactOptional().describe("accepted at this instant or later"),
    until: instantParameter.exactOptional().describe("accepted before this instant"),
    ...pageParameters,
  })
  .refine(({ since, until }) => since === undefined || until === undefined || since < until, {
    error: "must be after since",
    path: ["until"],
  });

/** `GET /v1/loads`: a page of loads, newest first. Without the scope `read`: the client's own. */
export function listLoadsRoute(app: V1, { doors: { loads } }: RouteContext): void {
  app.get(
    "/loads",
    {
      config: { scopes: ["enqueue", "read"] },
      schema: {
        ...{ tags, operationId: "listLoads", summary: "List loads" },
        description: "Newest first. A client without the scope read sees its own loads only.",
        querystring: listQuery,
        response: answers({ 200: json("a page of loads", loadPageAnswer) }, "unknown_connection"),
      },
    },
    async (request) => {
      const client = clientOfRequest(request);
      const { state, connection: asked, principal, ...filter } = request.query;
      const everyones = hasScope(client, "read");
      if (!everyones && principal !== undefined && principal !== client.name) return { loads: [] };
      const connection = everyones ? connectionToList(client, asked) : asked;
      const owner = everyones ? principal : client.name;
      return await loads.list({
        ...filter,
        ...(state === undefined ? {} : { states: state }),
        ...(connection === undefined ? {} : { connection }),
        ...(owner === undefined ? {} : { principal: owner }),
      });
    },
  );
}

/** `GET /v1/loads/{id}`: one load with its bulk jobs; 304 where it is as `If-None-Match` says. */
export function getLoadRoute(app: V1, { doors: { loads } }: RouteContext): void {
  app.get(
    "/loads/:id",
    {
      config: { scopes: ["enqueue", "read"] },
      schema: {
        ...{ tags, operationId: "getLoad", summary: "Look at a load" },
        description: "One load with its bulk jobs.",
        params: idPath,
        querystring: noQuery,
        headers: z.object({
          "if-none-match": z.string().exactOptional().describe("the ETag of an earlier answer"),
        }),
        response: answers(
          {
            200: json("the load", loadAnswer),
            304: nothing("it is as If-None-Match says"),
          },
          "load_not_found",
          "record_unreadable",
          "record_tampered",
        ),
      },
    },
    async (request, reply) => {
      const load = await visibleLoad(loads, request.params.id, clientOfRequest(request));
      const tag = entityTag(load);
      reply.header("etag", tag);
      return isFresh(request.headers["if-none-match"], tag) ? reply.code(304).send() : load;
    },
  );
}

/** `GET /v1/loads/{id}/parts`: a page of its parts, with their files, from the first. */
export function listPartsRoute(app: V1, { doors: { loads } }: RouteContext): void {
  app.get(
    "/loads/:id/parts",
    {
      config: { scopes: ["enqueue", "read"] },
      schema: {
        ...{ tags, operationId: "listParts", summary: "List the parts of a load" },
        description: "By number. A part is one CSV of at most 150 MB, and one file of a bulk job.",
        params: idPath,
        querystring: z.strictObject(pageParameters),
        response: answers(
          { 200: json("a page of parts", partPageAnswer) },
          "load_not_found",
          "record_unreadable",
          "record_tampered",
        ),
      },
    },
    async (request) => {
      const { id } = await visibleLoad(loads, request.params.id, clientOfRequest(request));
      return (await loads.parts(id, request.query)) ?? { parts: [] };
    },
  );
}

/** `DELETE /v1/loads/{id}` and `POST /v1/loads/{id}/cancel`: 200 and the load, 409 where it is too late. */
export function cancelLoadRoutes(app: V1, { doors: { loads } }: RouteContext): void {
  for (const [method, url] of [
    ["DELETE", "/loads/:id"],
    ["POST", "/loads/:id/cancel"],
  ] as const)
    app.route({
      method,
      url,
      config: { scopes: ["enqueue", "operate"] },
      schema: {
        ...{ tags, summary: "Cancel a load" },
        operationId: method === "DELETE" ? "deleteLoad" : "cancelLoad",
        description: "Possible until a part of it is in a bulk job that is closed or shared.",
        params: idPath,
        querystring: noQuery,
        ...(method === "POST" ? { body: noBody } : {}),
        response: answers(
          { 200: json("the load, cancelled now or before", loadAnswer) },
          ...[
            "load_not_found",
            "record_unreadable",
            "record_tampered",
            "load_state",
            ...(method === "POST" ? bodyProblems : []),
          ],
        ),
      },
      handler: async (request) => {
        await checkMayOperate(loads, request.params.id, clientOfRequest(request));
        const load = await loads.cancel(request.params.id);
        request.log.info({ load: load.id }, "load cancelled");
        return load;
      },
    });
}

/** `POST /v1/loads/{id}/retry`: brings a failed or cancelled load again, once however often it is asked. */
export function retryLoadRoute(app: V1, { doors: { loads } }: RouteContext): void {
  app.post(
    "/loads/:id/retry",
    {
      config: { scopes: ["enqueue", "operate"] },
      schema: {
        ...{ tags, operationId: "retryLoad", summary: "Bring a failed or cancelled load again" },
        description: "Makes a new load with retryOf. Asked again it answers the same new load.",
        params: idPath,
        querystring: noQuery,
        body: noBody,
        response: answers(
          { 202: json("the new load", loadAnswer) },
          ...[
            "load_not_found",
            "record_unreadable",
            "record_tampered",
            "load_state",
            "source_not_allowed",
            "too_many_pending",
          ],
          ...bodyProblems,
          ...["unknown_source_name", "unknown_object"],
        ),
      },
    },
    async (request, reply) => {
      await checkMayOperate(loads, request.params.id, clientOfRequest(request));
      const caller = callerOf(request);
      const { load, replayed } = await loads.retry(request.params.id, { caller });
      request.log.info({ load: load.id, retryOf: request.params.id, replayed }, "load retried");
      if (replayed) reply.header("idempotent-replayed", "true");
      return reply.code(202).header("location", `/v1/loads/${load.id}`).send(load);
    },
  );
}
