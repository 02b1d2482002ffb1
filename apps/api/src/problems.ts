/**
 * Every failing answer as RFC 9457 problem details: one table from code to status, one error
 * handler. A problem's `code` is stable; `detail` is for people and never holds a secret.
 */
import {
  BulkError,
  type ErrorCode,
  type ErrorFields,
  errorCodes,
  reasonCode,
} from "@headgate/core";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** The body of every answer of 400 and above. */
interface Problem {
  /** `urn:headgate:problem:<code>`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Where and what: the thing named, the value seen, the value allowed. */
  readonly fields: ErrorFields;
  /** The `x-request-id` under which the log has more. */
  readonly requestId: string;
}

/** What goes wrong with a request before it reaches headgate's own code, one line a code. */
const httpProblems = {
  bad_request: { status: 400, title: "the request is malformed" },
  body_malformed: { status: 400, title: "the body is not JSON" },
  unauthenticated: { status: 401, title: "a valid credential is missing" },
  cross_site: { status: 403, title: "a page of another site may not do this" },
  route_not_found: { status: 404, title: "there is no such resource" },
  method_not_allowed: { status: 405, title: "the resource does not have this method" },
  body_too_large: { status: 413, title: "the body is too large" },
  media_type: { status: 415, title: "the body must be application/json" },
  internal: { status: 500, title: "headgate failed" },
  timeout: { status: 503, title: "the answer took too long" },
} as const;

type HttpProblemCode = keyof typeof httpProblems;

/** Codes that a caller can act on, with their status. Any other code is a fault of ours: 500. */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  ERR_REQUEST_INVALID: 400,
  ERR_LOAD_NOT_FOUND: 404,
  ERR_LOAD_STATE: 409,
  ERR_IDEMPOTENCY_CONFLICT: 422,
  ERR_UNKNOWN_CONNECTION: 422,
  ERR_UNKNOWN_SOURCE_NAME: 422,
  ERR_UNKNOWN_OBJECT: 422,
  ERR_REDIS_AWAY: 503,
};

/** Sent as Retry-After with every 503. */
const retryAfterSeconds = 5;

/** A request that failed before headgate's own code was asked. */
export class HttpProblem extends Error {
  readonly code: HttpProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: HttpProblemCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "HttpProblem";
    this.code = code;
    this.headers = headers;
  }
}

/** Answers with the problem that `error` is. Everything of ours that answers 4xx or 5xx ends here. */
export function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const { request } = reply;
  const problem = problemOf(error, request.id);
  logProblem(request, problem, error);
  if (error instanceof HttpProblem) reply.headers(error.headers);
  if (problem.status === 503) reply.header("retry-after", String(retryAfterSeconds));
  // As text, so that no response schema gets in the way of an error.
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

/** The problem that `error` is; an error of unknown kind becomes `internal` and shows nothing of itself. */
function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof BulkError) {
    const status = statusByCode[error.code];
    if (status === undefined) return internalProblem(requestId);
    const code = reasonCode(error.code);
    const title = errorCodes[error.code];
    const detail = error.message;
    return { type: typeOf(code), title, status, detail, code, fields: error.fields, requestId };
  }
  if (error instanceof HttpProblem) return httpProblem(error.code, error.message, requestId);
  const known = fromFastify(error);
  return known === undefined
    ? internalProblem(requestId)
    : httpProblem(known.code, known.detail, requestId);
}

function httpProblem(code: HttpProblemCode, detail: string, requestId: string): Problem {
  return { type: typeOf(code), ...httpProblems[code], detail, code, fields: {}, requestId };
}

function internalProblem(requestId: string): Problem {
  return httpProblem("internal", `the log has more under request id ${requestId}`, requestId);
}

function typeOf(code: string): string {
  return `urn:headgate:problem:${code}`;
}

/** Fastify's own refusals by their code; their messages may repeat the body, so ours stand instead. */
function fromFastify(
  error: unknown,
): { readonly code: HttpProblemCode; readonly detail: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Partial<FastifyError>;
  switch (code) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return { code: "media_type", detail: "send the header content-type: application/json" };
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return { code: "body_too_large", detail: "the body is over the limit of the API" };
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return { code: "body_malformed", detail: "the body is empty" };
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return { code: "body_malformed", detail: "the body cannot be parsed as JSON" };
    case "FST_ERR_HANDLER_TIMEOUT":
      return { code: "timeout", detail: "the request may or may not have been carried out" };
  }
  if (error instanceof SyntaxError && statusCode === 400)
    return { code: "body_malformed", detail: "the body cannot be parsed as JSON" };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { code: "bad_request", detail: "the request cannot be understood" };
  return undefined;
}

function logProblem(request: FastifyRequest, problem: Problem, error: unknown): void {
  const { code, detail, status } = problem;
  // The stack tells something only where the failure was not foreseen.
  if (status === 503) request.log.warn({ code, detail }, problem.title);
  else if (status >= 500) request.log.error({ err: error, code }, problem.title);
  else request.log.info({ code, status }, "request refused");
}
