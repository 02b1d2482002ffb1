import { type Loads, parseLoadRequest } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { parseIdempotencyKey } from "../idempotency-key.ts";

/**
 * `POST /v1/loads`: records a load and answers 202 with its view and place. With an
 * `Idempotency-Key` the same request may be sent again and again and makes one load; an answer
 * that repeats an earlier one carries `Idempotent-Replayed: true`.
 */
export function acceptLoadRoute(app: FastifyInstance, loads: Loads): void {
  app.post("/loads", async (request, reply) => {
    const idempotencyKey = parseIdempotencyKey(request.headers["idempotency-key"]);
    const { load, replayed } = await loads.accept(parseLoadRequest(request.body), {
      caller: { principal: request.principal, via: "http" },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    request.log.info({ load: load.id, replayed }, "load accepted");
    if (replayed) reply.header("idempotent-replayed", "true");
    return reply.code(202).header("location", `/v1/loads/${load.id}`).send(load);
  });
}
