/** What the API answers of bulk jobs. */
import type { BulkJobPage, ListedBulkJob } from "@headgate/orchestrator/producer";
import { z } from "zod";
import { instant, nextCursor } from "./common.ts";
import { bulkJobProperties } from "./load-answers.ts";

const { id, phase, files, uploadedFiles, ...optional } = bulkJobProperties;

/** A bulk job: one of headgate's, or another tool's as the tenant's last list has it. */
export const bulkJobAnswer: z.ZodType<ListedBulkJob> = z
  .object({
    id: id.exactOptional(),
    phase: phase.exactOptional(),
    files: files.exactOptional(),
    uploadedFiles: uploadedFiles.exactOptional(),
    ...optional,
    connection: z.string(),
    owner: z.enum(["ours", "foreign"]),
    sourceName: z.string(),
    object: z.string(),
    claimedAt: instant.exactOptional(),
    endedAt: instant.exactOptional(),
    loads: z.array(z.string()).exactOptional().describe("loads that it has parts of"),
  })
  .meta({ id: "BulkJob" });

export const bulkJobPageAnswer: z.ZodType<BulkJobPage> = z
  .object({ bulkJobs: z.array(bulkJobAnswer), nextCursor })
  .meta({ id: "BulkJobPage" });
