/**
 * The API's answers as far as the CLI reads them. Properties it does not know are kept, so that
 * `--json` prints what the API sent.
 */
import { loadStates } from "@headgate/core";
import { z } from "zod";

const progress = z.looseObject({ planned: z.number(), uploaded: z.number(), settled: z.number() });

/** One load. */
export const loadAnswer = z.looseObject({
  id: z.string(),
  connection: z.string(),
  sourceName: z.string(),
  object: z.string(),
  operation: z.string(),
  state: z.enum(loadStates),
  reason: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  acceptedAt: z.string(),
  endedAt: z.string().optional(),
  sourceObjects: z.number(),
  parts: progress,
  bytes: progress,
  records: progress,
  bulkJobs: z
    .array(
      z.looseObject({
        id: z.string(),
        remoteId: z.string().optional(),
        phase: z.string(),
        end: z.string().optional(),
        remoteState: z.string().optional(),
        files: z.number(),
        uploadedFiles: z.number(),
      }),
    )
    .optional(),
});
export type LoadAnswer = z.output<typeof loadAnswer>;

/** A page of loads. */
export const loadPageAnswer = z.looseObject({
  loads: z.array(loadAnswer),
  nextCursor: z.string().optional(),
});
export type LoadPageAnswer = z.output<typeof loadPageAnswer>;

/** The quotas of one or all connections. */
export const quotaAnswer = z.looseObject({
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
          }),
        ),
      }),
      gateClosedUntil: z.string().optional(),
      waiting: z.array(z.looseObject({ object: z.string(), loads: z.number() })),
    }),
  ),
});
export type QuotaAnswer = z.output<typeof quotaAnswer>;

/** RFC 9457 problem details, as every refusal of the API has them. */
export const problemAnswer = z.looseObject({
  code: z.string(),
  detail: z.string(),
  requestId: z.string().optional(),
});
