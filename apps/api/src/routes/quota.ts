import { connectionNamePattern } from "@headgate/core";
import type { Loads } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parseQuery } from "../query-parameters.ts";

const quotaQuery = z.strictObject({
  connection: z.string().regex(connectionNamePattern).exactOptional(),
});

/** `GET /v1/quota`: slots, permits and waiting work of every connection, or of `connection`. */
export function quotaRoute(app: FastifyInstance, loads: Loads): void {
  app.get("/quota", async (request) => {
    const { connection } = parseQuery(quotaQuery, request.query);
    return { quotas: await loads.quota(connection) };
  });
}
