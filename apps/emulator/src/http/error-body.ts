/** Error answers: the body recorded from a live org, and a Retry-After where a setting asks for it. */
import { STATUS_CODES } from "node:http";
import { BulkError } from "@headgate/core";
import type { ApiErrorWire } from "@headgate/ingestion-api/contract";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { World } from "../world.ts";

/** What the body says when nobody chose a message. */
const defaultMessages: Readonly<Record<number, string>> = {
  400: "The request is malformed.",
  401: "Authentication failed because the JWT is invalid or expired.",
  404: "The requested resource does not exist.",
  409: "The request conflicts with the current state of the target resource.",
  429: "Too many requests.",
  500: "Internal server error.",
};

/** The error body for one request. */
export function errorBody(
  world: World,
  request: FastifyRequest,
  status: number,
  message?: string,
  details: ApiErrorWire["details"] = {},
): ApiErrorWire {
  const reason = STATUS_CODES[status]?.toUpperCase() ?? "";
  return {
    // Nine fraction digits, as recorded; the clock has three.
    timestamp: new Date(world.clock.now()).toISOString().replace("Z", "000000Z"),
    error: `${status} ${reason}`.trim(),
    message: message ?? defaultMessages[status] ?? reason,
    path: `uri=${pathOf(request)}`,
    tenantId: `a360/${world.settings.tenantId}`,
    internalErrorCode: "COMMON_ERROR_GENERIC",
    details,
  };
}

/** The request's path without its query. */
function pathOf(request: FastifyRequest): string {
  return request.url.replace(/\?.*$/, "");
}

/** Answers for a thrown error: a refusal's own status, fastify's status for a malformed request, else 500. */
export function sendError(
  world: World,
  request: FastifyRequest,
  reply: FastifyReply,
  error: FastifyError | BulkError,
): FastifyReply {
  const status = statusOf(error);
  if (error instanceof BulkError && status === 429) {
    addRetryAfter(world, reply, error.fields.waitMs);
  }
  // An unforeseen fault of the emulator itself must not look like an answer of the API.
  const message = status === 500 ? `emulator fault: ${error.message}` : error.message;
  return reply.code(status).send(errorBody(world, request, status, message));
}

function statusOf(error: FastifyError | BulkError): number {
  if (!(error instanceof BulkError)) return error.statusCode ?? 500;
  const { status } = error.fields;
  return typeof status === "number" ? status : 400;
}

function addRetryAfter(world: World, reply: FastifyReply, waitMs: unknown): void {
  const seconds = Math.ceil((typeof waitMs === "number" ? waitMs : 60_000) / 1000);
  switch (world.settings.retryAfter) {
    case "seconds":
      reply.header("retry-after", String(seconds));
      break;
    case "http-date":
      reply.header("retry-after", new Date(world.clock.now() + seconds * 1000).toUTCString());
      break;
    case "absent":
      break;
  }
}
