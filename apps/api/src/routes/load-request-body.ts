/** The load request as a body, with examples that the document shows and a test sends. */
import { type LoadRequest, loadRequestSchema } from "@headgate/orchestrator/producer";
import type { z } from "zod";

/** Load requests that are accepted where these connectors and objects are configured. */
export const loadRequestExamples: readonly z.input<typeof loadRequestSchema>[] = [
  {
    sourceName: "crm",
    object: "customers",
    operation: "upsert",
    source: { prefix: "s3://exports/2026-01-31/customers/", suffix: ".csv.gz" },
  },
  {
    connection: "default",
    sourceName: "crm",
    object: "customers",
    operation: "delete",
    source: { keys: ["s3://exports/gone-1.csv", "s3://exports/gone-2.csv"] },
    header: "detect",
    format: { delimiter: ";", encoding: "latin1" },
    preflight: { policy: "warn", duplicates: true },
    leaveSlots: 5,
  },
];

/** The shape; `parseLoadRequest` then holds what shapes cannot say. */
export const loadRequestBody: z.ZodType<LoadRequest> = loadRequestSchema.meta({
  id: "LoadRequest",
  description: "which files go into which object",
  examples: [...loadRequestExamples],
});
