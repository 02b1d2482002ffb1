import { z } from "zod";
import { quotasAnswer } from "../answers/load-answers.ts";
import { clientOfRequest } from "../login/bearer-login.ts";
import { connectionToList, seesConnection } from "../login/rights.ts";
import { answers, json } from "../openapi/describe-answers.ts";
import { connectionParameter } from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";

/** `GET /v1/quota`: slots, permits and waiting work of every connection of the client, or of `connection`. */
export function quotaRoute(app: V1, { doors: { loads } }: RouteContext): void {
  app.get(
    "/quota",
    {
      config: { scopes: ["read"] },
      schema: {
        ...{ tags: ["quota"], operationId: "getQuota", summary: "Look at the tenants' quota" },
        description:
          "Slots used in the rolling hour and when they return, permits and who holds them, what " +
          "other tools use, and what waits.",
        querystring: z.strictObject({ connection: connectionParameter.exactOptional() }),
        response: answers(
          { 200: json("one entry a connection", quotasAnswer) },
          "unknown_connection",
        ),
      },
    },
    async (request) => {
      const client = clientOfRequest(request);
      const { connection } = request.query;
      if (connection !== undefined)
        return { quotas: await loads.quota(connectionToList(client, connection)) };
      const quotas = await loads.quota();
      return { quotas: quotas.filter((quota) => seesConnection(client, quota.connection)) };
    },
  );
}
