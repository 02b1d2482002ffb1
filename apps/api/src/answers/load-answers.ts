/** What the API answers of loads, parts and quota. */
import {
  bulkJobEnds,
  bulkJobPhases,
  findingRules,
  loadStates,
  operations,
  preflightPolicies,
  remoteStates,
} from "@headgate/core";
import {
  type LoadPage,
  type LoadView,
  type PartPage,
  type QuotaView,
  sourceSchema,
} from "@headgate/orchestrator/producer";
import { z } from "zod";
import { count, instant, nextCursor, reason } from "./common.ts";

const progress = z
  .object({
    planned: count.describe("in the whole load; 0 until it is planned"),
    uploaded: count.describe("accepted in bulk jobs that are alive or complete"),
    settled: count.describe("in bulk jobs that are complete"),
  })
  .meta({ id: "Progress" });

/** How a bulk job stands; of a load, or by itself. */
export const bulkJobProperties = {
  id: z.string().describe("headgate's id, also that of its task on the board"),
  remoteId: z.string().exactOptional().describe("the API's id, once known"),
  phase: z.enum(bulkJobPhases),
  end: z.enum(bulkJobEnds).exactOptional().describe("how it ended"),
  remoteState: z.enum(remoteStates).exactOptional().describe("the API's state, as last seen"),
  files: count.describe("files in it, of this and other loads"),
  uploadedFiles: count,
};

/** A load. */
export const loadAnswer: z.ZodType<LoadView> = z
  .object({
    id: z.string(),
    connection: z.string(),
    sourceName: z.string(),
    object: z.string(),
    operation: z.enum(operations),
    state: z
      .enum(loadStates)
      .describe("complete, failed and cancelled are final; the others move on by themselves"),
    reason: reason.exactOptional().describe("why it failed"),
    source: sourceSchema,
    run: z.string().exactOptional().describe("the run of a schedule that brought it"),
    retryOf: z.string().exactOptional().describe("the load that this one brings again"),
    findings: count.exactOptional().describe("findings of preflight; absent before planning"),
    principal: z.string().describe("the client that asked"),
    via: z.string().describe("http, stream or schedule"),
    acceptedAt: instant,
    plannedAt: instant.exactOptional(),
    endedAt: instant.exactOptional(),
    sourceObjects: count.describe("files that it takes"),
    parts: progress,
    bytes: progress,
    records: progress,
    bulkJobs: z
      .array(z.object(bulkJobProperties).meta({ id: "BulkJobOfLoad" }))
      .exactOptional()
      .describe("absent in lists"),
  })
  .meta({ id: "Load" });

export const loadPageAnswer: z.ZodType<LoadPage> = z
  .object({ loads: z.array(loadAnswer), nextCursor })
  .meta({ id: "LoadPage" });

export const partPageAnswer: z.ZodType<PartPage> = z
  .object({
    parts: z.array(
      z
        .object({
          number: count.describe("within the load, from 0"),
          state: z.enum(["waiting", "claimed", "uploaded", "settled"]),
          bytes: count.describe("of the whole body, header included"),
          records: count,
          bulkJob: z.string().exactOptional().describe("headgate's id of the one that holds it"),
          sha256: z.string().exactOptional().describe("of the uploaded body, in hex"),
          files: z.array(
            z.object({
              uri: z.string(),
              from: count.describe("first byte"),
              to: count.describe("byte behind the last"),
            }),
          ),
        })
        .meta({ id: "Part" }),
    ),
    nextCursor,
  })
  .meta({ id: "PartPage" });

const place = { uri: z.string(), line: count.describe("physical line, from 1") };

/** What preflight found. */
export const findingsAnswer = z
  .object({
    policy: z.enum(preflightPolicies),
    counts: z.partialRecord(z.enum(findingRules), count).describe("all findings, by rule"),
    findings: z
      .array(
        z.object({
          rule: z.enum(findingRules),
          ...place,
          column: z.string().describe("a field, or column N; never a value"),
          first: z.object(place).optional().describe("of key_doubled: where the key came first"),
        }),
      )
      .describe("the first 1,000"),
  })
  .meta({ id: "Findings" });

const quota: z.ZodType<QuotaView> = z
  .object({
    connection: z.string(),
    slots: z.object({
      limit: count.describe("bulk jobs in the rolling window, by everyone"),
      reserved: count.describe("left to other tools"),
      windowSeconds: count,
      used: count.describe("in the window now, by everyone"),
      foreign: count.describe("of these by other tools"),
      free: z.int().describe("bulk jobs that headgate could create now if permits were free"),
      returnsAt: z.array(instant).describe("when each used slot returns, earliest first"),
    }),
    permits: z.object({
      limit: count.describe("unfinished bulk jobs at a time, by everyone"),
      reserved: count,
      used: count,
      foreign: count,
      holders: z
        .array(
          z.object({
            bulkJob: z.string(),
            sourceName: z.string(),
            object: z.string(),
            phase: z.enum(bulkJobPhases),
            since: instant.describe("when it took the permit"),
            loads: z.array(z.string()).describe("loads that it has parts of"),
          }),
        )
        .describe("our bulk jobs that hold one"),
    }),
    gateClosedUntil: instant
      .exactOptional()
      .describe("while the API throttles: no creation until then"),
    lost: z
      .object({
        at: instant.describe("when it was noticed"),
        frozenUntil: instant.describe("nothing is created before"),
        sign: z.enum(["emptied", "replaced", "rolled-back", "unknown-bulk-jobs"]),
        message: z.string(),
        unknownBulkJobs: z
          .array(z.string())
          .describe("the API's ids of bulk jobs that may be ours and that were not in Redis"),
        missingLoads: z.array(z.string()).describe("loads that were under way and are gone"),
      })
      .exactOptional()
      .describe("for 7 days after Redis was seen to have lost data"),
    waiting: z
      .array(z.object({ object: z.string(), loads: count }))
      .describe("lines with waiting work"),
  })
  .meta({ id: "Quota" });

export const quotasAnswer: z.ZodType<{ readonly quotas: readonly QuotaView[] }> = z.object({
  quotas: z.array(quota),
});
