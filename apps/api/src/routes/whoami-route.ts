import { scopes } from "@headgate/core";
import { z } from "zod";
import { clientOfRequest } from "../login/bearer-login.ts";
import { answers, json } from "../openapi/describe-answers.ts";
import { noQuery } from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";

const whoami = z
  .object({
    client: z.string(),
    scopes: z.array(z.enum(scopes)),
    connections: z.array(z.string()).exactOptional().describe("absent: all"),
    sources: z.array(z.string()).exactOptional().describe("places it may load from; absent: all"),
    limits: z.object({ requestsPerMinute: z.int(), pendingLoads: z.int() }),
  })
  .meta({ id: "Whoami" });

/** `GET /v1/whoami`: what the client may do. */
export function whoamiRoute(app: V1, _context: RouteContext): void {
  app.get(
    "/whoami",
    {
      config: { scopes: "any" },
      schema: {
        ...{ tags: ["login"], operationId: "whoami", summary: "What this client may do" },
        description: "The client that the credential opens.",
        querystring: noQuery,
        response: answers({ 200: json("the client", whoami) }),
      },
    },
    async (request) => {
      const { name, connections, sources, ...rest } = clientOfRequest(request);
      return {
        ...{ client: name, scopes: rest.scopes, limits: rest.limits },
        ...(connections === undefined ? {} : { connections }),
        ...(sources === undefined ? {} : { sources }),
      };
    },
  );
}
