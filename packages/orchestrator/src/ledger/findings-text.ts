/**
 * Findings as they stand in Redis: deflated, for a thousand findings of one file repeat its name a
 * thousand times (200 KB become 8), and a wrong date format gives each night's loads a thousand.
 */
import { deflateSync, inflateSync } from "node:zlib";
import { type Findings, findingRules, preflightPolicies } from "@headgate/core";
import { z } from "zod";

const place = { uri: z.string(), line: z.number() };

const findingsSchema = z.object({
  policy: z.enum(preflightPolicies),
  counts: z.partialRecord(z.enum(findingRules), z.number()),
  findings: z.array(
    z.object({
      rule: z.enum(findingRules),
      ...place,
      column: z.string(),
      first: z.object(place).optional(),
    }),
  ),
});

/** Findings as text. */
export function findingsToText(findings: Findings): string {
  return deflateSync(JSON.stringify(findings)).toString("base64");
}

/** The findings of such a text. */
export function findingsFromText(text: string): Findings {
  return findingsSchema.parse(JSON.parse(inflateSync(Buffer.from(text, "base64")).toString()));
}
