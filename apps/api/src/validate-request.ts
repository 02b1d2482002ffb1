/** Checks what a request brings against the schemas of its route, the same way for every part of it. */
import { BulkError, type ErrorCode } from "@headgate/core";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";

/** What a path of this resource holds where its id or name is none that could be. */
const notFoundCodes: Readonly<Record<string, ErrorCode>> = {
  loads: "ERR_LOAD_NOT_FOUND",
  errands: "ERR_ERRAND_NOT_FOUND",
  schedules: "ERR_SCHEDULE_NOT_FOUND",
  runs: "ERR_RUN_NOT_FOUND",
  "bulk-jobs": "ERR_BULK_JOB_NOT_FOUND",
};

/** Fastify's validator by zod. Every fault is told at once, by its field and without the value. */
export const validateRequest: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart, url }) => {
  const resource = /^\/v1\/([a-z-]+)/.exec(url ?? "")?.[1] ?? "";
  const notFound = httpPart === "params" ? notFoundCodes[resource] : undefined;
  return (data) => {
    // Fastify's word for a body that is not there.
    const parsed = schema.safeParse(data === null ? undefined : data);
    if (parsed.success) return { value: parsed.data };
    if (notFound !== undefined)
      return { error: new BulkError(notFound, "the path holds no id or name that could be one") };
    return { error: requestInvalid(httpPart ?? "request", parsed.error) };
  };
};

/** ERR_REQUEST_INVALID that lists every fault; the values seen are not repeated, for they could be anything. */
function requestInvalid(part: string, error: z.ZodError): BulkError {
  const faults = error.issues.map(
    (issue) => `${issue.path.join(".") || `(${part})`}: ${issue.message}`,
  );
  return new BulkError("ERR_REQUEST_INVALID", `the ${part} is not valid: ${faults.join("; ")}`, {
    fields: { field: error.issues[0]?.path.join(".") ?? "", faults: faults.length },
  });
}
