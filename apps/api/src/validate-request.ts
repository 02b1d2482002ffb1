/** Checks what a request brings against the schemas of its route, the same way for every part of it. */
import { BulkError, type ErrorCode, isBulkError } from "@headgate/core";
import { parseRequest } from "@headgate/orchestrator/producer";
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

/** The parts of a request by Fastify's names, in words. */
const partWords: Readonly<Record<string, string>> = {
  body: "the body is",
  querystring: "the query is",
  headers: "the headers are",
};

/** Fastify's validator by zod. Faults are told all at once. */
export const validateRequest: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart, url }) => {
  const resource = /^\/v1\/([a-z-]+)/.exec(url ?? "")?.[1] ?? "";
  const notFound = httpPart === "params" ? notFoundCodes[resource] : undefined;
  return (data) => {
    try {
      // Fastify's word for a body that is not there.
      const given = data === null ? undefined : data;
      return { value: parseRequest(schema, given, partWords[httpPart ?? ""] ?? "the request is") };
    } catch (error) {
      if (!isBulkError(error, "ERR_REQUEST_INVALID")) throw error;
      if (notFound === undefined) return { error };
      return { error: new BulkError(notFound, "the path holds no id or name that could be one") };
    }
  };
};
