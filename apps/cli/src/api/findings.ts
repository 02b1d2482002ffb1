/** What preflight found, as the API tells it. */
import { findingRules } from "@headgate/core";
import { z } from "zod";
import { path, type Route } from "./route.ts";

const place = z.looseObject({ uri: z.string(), line: z.number() });

export const findingsAnswer = z.looseObject({
  policy: z.string(),
  counts: z.partialRecord(z.enum(findingRules), z.number()),
  findings: z.array(
    place.extend({ rule: z.enum(findingRules), column: z.string(), first: place.optional() }),
  ),
});
export type FindingsAnswer = z.output<typeof findingsAnswer>;

export function getFindings(loadId: string): Route<typeof findingsAnswer> {
  return {
    ...{ answer: findingsAnswer, method: "GET", path: path("loads", loadId, "findings") },
    headers: { accept: "application/json" },
  };
}
