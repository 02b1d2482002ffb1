/** Quota and bulk jobs: routes and answers as far as the CLI reads them. */
import { z } from "zod";
import { path, type Query, type Route } from "./route.ts";

const quotaAnswer = z.looseObject({
  quotas: z.array(
    z.looseObject({
      connection: z.string(),
      slots: z.looseObject({
        limit: z.number(),
        reserved: z.number(),
        windowSeconds: z.number(),
        used: z.number(),
        foreign: z.number(),
        free: z.number(),
        returnsAt: z.array(z.string()),
      }),
      permits: z.looseObject({
        limit: z.number(),
        reserved: z.number(),
        used: z.number(),
        foreign: z.number(),
        holders: z.array(
          z.looseObject({
            bulkJob: z.string(),
            sourceName: z.string(),
            object: z.string(),
            phase: z.string(),
            since: z.string().optional(),
            loads: z.array(z.string()).optional(),
          }),
        ),
      }),
      gateClosedUntil: z.string().optional(),
      lost: z
        .looseObject({
          at: z.string(),
          frozenUntil: z.string(),
          message: z.string(),
          unknownBulkJobs: z.array(z.string()),
          missingLoads: z.array(z.string()),
        })
        .optional(),
      waiting: z.array(z.looseObject({ object: z.string(), loads: z.number() })),
    }),
  ),
});
export type QuotaAnswer = z.output<typeof quotaAnswer>;

const bulkJobAnswer = z.looseObject({
  id: z.string().optional(),
  connection: z.string(),
  owner: z.string(),
  remoteId: z.string().optional(),
  sourceName: z.string(),
  object: z.string(),
  phase: z.string().optional(),
  end: z.string().optional(),
  remoteState: z.string().optional(),
  files: z.number().optional(),
  uploadedFiles: z.number().optional(),
  claimedAt: z.string().optional(),
  endedAt: z.string().optional(),
});
export type BulkJobAnswer = z.output<typeof bulkJobAnswer>;

const bulkJobPageAnswer = z.looseObject({
  bulkJobs: z.array(bulkJobAnswer),
  nextCursor: z.string().optional(),
});

/** The quotas of one or all connections. */
export function getQuota(connection: string | undefined): Route<typeof quotaAnswer> {
  return { answer: quotaAnswer, method: "GET", path: path("quota"), query: { connection } };
}

/** Other tools' bulk jobs first, then ours, newest first. */
export function listBulkJobs(query: Query): Route<typeof bulkJobPageAnswer> {
  return { answer: bulkJobPageAnswer, method: "GET", path: path("bulk-jobs"), query };
}
