import { connectionNamePattern, loadStates } from "@headgate/core";
import type { Loads } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parseQuery } from "../query-parameters.ts";

const listQuery = z.strictObject({
  connection: z.string().regex(connectionNamePattern).exactOptional(),
  state: z.enum(loadStates).exactOptional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "must be 1 to 100")
    .transform(Number)
    .pipe(z.number().min(1).max(100))
    .exactOptional(),
  cursor: z.string().min(1).max(512).exactOptional(),
});

/** `GET /v1/loads`: a page of loads, newest first, by `connection`, `state`, `limit` and `cursor`. */
export function listLoadsRoute(app: FastifyInstance, loads: Loads): void {
  app.get("/loads", async (request) => {
    const { state, ...filter } = parseQuery(listQuery, request.query);
    return await loads.list({ ...filter, ...(state === undefined ? {} : { states: [state] }) });
  });
}
