import type { Loads } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parseLoadPath } from "../load-path.ts";
import { parseQuery } from "../query-parameters.ts";

/** `DELETE /v1/loads/{id}`: cancels a load and answers 200 with its view, or 409 where it is too late. */
export function cancelLoadRoute(app: FastifyInstance, loads: Loads): void {
  app.delete("/loads/:id", async (request) => {
    parseQuery(z.strictObject({}), request.query);
    const load = await loads.cancel(parseLoadPath(request.params));
    request.log.info({ load: load.id }, "load cancelled");
    return load;
  });
}
