import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

const acceptableId = /^[A-Za-z0-9._-]{1,64}$/;

/** The client's own `x-request-id` where it is 1 to 64 plain characters, else a fresh id. */
export function requestIdOf(request: IncomingMessage): string {
  const sent = request.headers["x-request-id"];
  return typeof sent === "string" && acceptableId.test(sent) ? sent : randomUUID();
}

/** Sends the request id with every answer and logs one line a request: who, what, answer, time taken. */
export function logRequests(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    request.log.info(
      {
        principal: request.principal || undefined,
        method: request.method,
        // The route's pattern, for a path or query could hold anything.
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      "request answered",
    );
  });
}
