/** Error body of every ingestion endpoint, as recorded from a live org in 2026. */
import { z } from "zod";

export const apiErrorWire = z.looseObject({
  /** ISO 8601, UTC, 9 fraction digits. */
  timestamp: z.string().optional(),
  /** Status and upper-case reason, such as `409 CONFLICT`. */
  error: z.string().optional(),
  message: z.string().optional(),
  /** The request path behind a literal `uri=`. */
  path: z.string().optional(),
  tenantId: z.string().optional(),
  internalErrorCode: z.string().optional(),
  details: z
    .looseObject({
      validationReport: z
        .array(z.looseObject({ record: z.string(), causingExceptions: z.array(z.string()) }))
        .optional(),
    })
    .nullish(),
});
export type ApiErrorWire = z.infer<typeof apiErrorWire>;
