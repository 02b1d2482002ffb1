import type { Loads } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { loadNotFound, parseLoadPath } from "../load-path.ts";
import { parseQuery } from "../query-parameters.ts";

/** `GET /v1/loads/{id}`: one load with its bulk jobs. */
export function getLoadRoute(app: FastifyInstance, loads: Loads): void {
  app.get("/loads/:id", async (request) => {
    parseQuery(z.strictObject({}), request.query);
    const id = parseLoadPath(request.params);
    const load = await loads.get(id);
    if (load === undefined) throw loadNotFound(id);
    return load;
  });
}
