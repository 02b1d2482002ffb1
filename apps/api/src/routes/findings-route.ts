import { findingsCsv } from "@headgate/core";
import { z } from "zod";
import { findingsAnswer } from "../answers/load-answers.ts";
import { clientOfRequest } from "../login/bearer-login.ts";
import { visibleLoad } from "../login/rights.ts";
import { answers, json } from "../openapi/describe-answers.ts";
import { idPath, noQuery } from "../parameters.ts";
import type { RouteContext, V1 } from "../v1.ts";

/** `GET /v1/loads/{id}/findings`: what preflight found, as JSON, or as CSV where `Accept` names it. */
export function findingsRoute(app: V1, { doors: { loads } }: RouteContext): void {
  const { description, content } = json("what was found; empty before planning", findingsAnswer);
  app.get(
    "/loads/:id/findings",
    {
      config: { scopes: ["enqueue", "read"] },
      schema: {
        ...{ tags: ["loads"], operationId: "getFindings", summary: "What preflight found" },
        description: "As JSON, or as CSV where the header Accept names text/csv.",
        params: idPath,
        querystring: noQuery,
        headers: z.object({ accept: z.string().exactOptional().describe("text/csv for CSV") }),
        response: answers(
          { 200: { description, content: { ...content, "text/csv": { schema: z.string() } } } },
          "load_not_found",
          "record_unreadable",
          "record_tampered",
        ),
      },
    },
    async (request, reply) => {
      const { id } = await visibleLoad(loads, request.params.id, clientOfRequest(request));
      const findings = (await loads.findings(id)) ?? {
        ...{ policy: "refuse", counts: {}, findings: [] },
      };
      reply.header("vary", "accept");
      if (!/\btext\/csv\b/.test(request.headers.accept ?? "")) return findings;
      return reply.type("text/csv; charset=utf-8").send(findingsCsv(findings));
    },
  );
}
