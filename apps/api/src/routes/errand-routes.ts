/** Errands: work that only a worker can do, asked for here and fetched when it is done. */
import { BulkError } from "@headgate/core";
import type { ErrandRequest, ErrandView } from "@headgate/orchestrator/producer";
import { parseLoadRequest } from "@headgate/orchestrator/producer";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { errandAnswer } from "../answers/errand-answers.ts";
import { callerOf, clientOfRequest } from "../login/bearer-login.ts";
import { maySee } from "../login/rights.ts";
import { answers, bodyProblems, json } from "../openapi/describe-answers.ts";
import { idPath, noQuery } from "../parameters.ts";
import { lookUntil, waitOf } from "../prefer-wait.ts";
import type { Doors, RouteContext, V1 } from "../v1.ts";
import { loadRequestBody } from "./load-request-body.ts";

/** Longer than the longest wait that a client may ask for. */
const answerWithinMs = 40_000;

/** Asks for an errand and answers 202 with its place. */
export async function askErrand(
  { errands }: Doors,
  errand: ErrandRequest,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<FastifyReply> {
  const view = await errands.ask(errand, callerOf(request));
  request.log.info({ errand: view.id, kind: view.kind }, "errand accepted");
  return reply
    .code(202)
    .headers({ location: `/v1/errands/${view.id}`, "retry-after": "1" })
    .send(view);
}

/** Answers of a route that asks for an errand. */
export const errandAnswers = {
  202: json("the errand; Location says where its result will be", errandAnswer),
};

/** `POST /v1/plans`: a dry run of a load request. */
export function planRoute(app: V1, { doors }: RouteContext): void {
  app.post(
    "/plans",
    {
      config: { scopes: ["enqueue"] },
      schema: {
        ...{ tags: ["errands"], operationId: "planLoad", summary: "Try a load dry" },
        description:
          "A worker lists, reads and checks the files as it would for a load: parts, bulk jobs and " +
          "findings are told, nothing is recorded, and no slot is used. Result: PlanReport.",
        querystring: noQuery,
        body: loadRequestBody,
        response: answers(
          errandAnswers,
          ...[...bodyProblems, "source_not_allowed", "source_uri"],
          ...["unknown_connection", "unknown_source_name", "unknown_object", "too_many_pending"],
        ),
      },
    },
    async (request, reply) =>
      await askErrand(
        doors,
        { kind: "plan", request: parseLoadRequest(request.body) },
        { request, reply },
      ),
  );
}

/** `GET /v1/errands/{id}`: an errand; with `Prefer: wait=N` the answer waits up to N seconds for its end. */
export function getErrandRoute(app: V1, { doors: { errands }, closing }: RouteContext): void {
  async function visible(id: string, request: FastifyRequest): Promise<ErrandView> {
    const errand = await errands.get(id);
    if (errand !== undefined && maySee(clientOfRequest(request), errand)) return errand;
    throw new BulkError("ERR_ERRAND_NOT_FOUND", `there is no errand "${id}"`, {
      fields: { errand: id },
    });
  }
  app.get(
    "/errands/:id",
    {
      config: { scopes: "any" },
      handlerTimeout: answerWithinMs,
      schema: {
        ...{ tags: ["errands"], operationId: "getErrand", summary: "Look at an errand" },
        description:
          "With the header Prefer: wait=N (at most 30) the answer waits for the errand's end. A " +
          "client sees its own errands, with the scope read everyone's. Kept for a day, of the " +
          "ended ones of a client the newest 500.",
        params: idPath,
        querystring: noQuery,
        headers: z.object({
          prefer: z
            .string()
            .exactOptional()
            .meta({ examples: ["wait=20"] })
            .describe("wait=N"),
        }),
        response: answers({ 200: json("the errand", errandAnswer) }, "errand_not_found"),
      },
    },
    async (request, reply) => {
      const seconds = waitOf(request.headers.prefer);
      const errand = await lookUntil(() => visible(request.params.id, request), {
        isSettled: ({ state }) => state === "done" || state === "failed",
        seconds,
        signal: AbortSignal.any([closing, request.signal]),
      });
      if (seconds > 0) reply.header("preference-applied", `wait=${seconds}`);
      if (errand.endedAt === undefined) reply.header("retry-after", "1");
      return errand;
    },
  );
}
