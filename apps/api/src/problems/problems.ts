/**
 * Every failing answer as RFC 9457 problem details, by one error handler. A problem's `code` is
 * stable; `detail` is for people and never holds a secret.
 */
import { BulkError, type ErrorFields, reasonCode } from "@headgate/core";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import {
  type HttpProblemCode,
  httpProblems,
  type ProblemKind,
  problemKindOf,
} from "./problem-table.ts";

/** The body of every answer of 400 and above. */
export interface Problem {
  /** `/problems/<code>`: the page on this server that says what to do. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Where and what: the thing named, the value seen, the value allowed. */
  readonly fields: ErrorFields;
  /** The `x-request-id` under which the log has more. */
  readonly requestId: string;
  /** Of a batch: the faults by line. */
  readonly lines?: readonly LineFault[];
}

/** What is wrong with a line of a batch. */
export interface LineFault {
  /** From 1. */
  readonly line: number;
  readonly code: string;
  readonly detail: string;
}

/** Sent as Retry-After with every 503 and every 429 that does not say otherwise. */
const retryAfterSeconds = 5;

/** A request that failed before headgate's own code was asked. */
export class HttpProblem extends Error {
  readonly code: HttpProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly more: Pick<Problem, "lines"> & { readonly fields?: ErrorFields };

  constructor(
    code: HttpProblemCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    more: HttpProblem["more"] = {},
  ) {
    super(message);
    this.name = "HttpProblem";
    this.code = code;
    this.headers = headers;
    this.more = more;
  }
}

/** Answers with the problem that `error` is. Everything of ours that answers 4xx or 5xx ends here. */
export function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const { request } = reply;
  const problem = problemOf(error, request);
  logProblem(request, problem, error);
  const endsSoon = problem.code === "idempotency_in_flight";
  if (problem.status === 503 || problem.status === 429 || endsSoon)
    reply.header("retry-after", String(retryAfterSeconds));
  if (error instanceof HttpProblem) reply.headers(error.headers);
  // As text, so that no response schema gets in the way of an error.
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

/** What a line of a batch says of this error; undefined where it is not the line's fault. */
export function lineFault(line: number, error: unknown): LineFault | undefined {
  if (!(error instanceof BulkError)) return undefined;
  const status = problemKindOf(error.code)?.status ?? 500;
  if (status >= 500) return undefined;
  return { line, code: reasonCode(error.code), detail: error.message };
}

/** The problem that `error` is; an error of unknown kind becomes `internal` and shows nothing of itself. */
function problemOf(error: unknown, request: FastifyRequest): Problem {
  const requestId = request.id;
  if (error instanceof BulkError) {
    const kind = problemKindOf(error.code);
    if (kind === undefined) return internalProblem(requestId);
    const { message: detail, fields } = error;
    return { ...headOf(reasonCode(error.code), kind), detail, fields, requestId };
  }
  if (error instanceof HttpProblem) {
    const head = headOf(error.code, httpProblems[error.code]);
    return { ...head, detail: error.message, fields: {}, requestId, ...error.more };
  }
  const known = fromFastify(error, request);
  return known === undefined
    ? internalProblem(requestId)
    : httpProblem(known.code, known.detail, requestId);
}

/** What stands in every answer with this problem. */
export function headOf(
  code: string,
  { status, title }: ProblemKind,
): Pick<Problem, "type" | "title" | "status" | "code"> {
  return { type: `/problems/${code}`, title, status, code };
}

function httpProblem(code: HttpProblemCode, detail: string, requestId: string): Problem {
  return { ...headOf(code, httpProblems[code]), detail, fields: {}, requestId };
}

function internalProblem(requestId: string): Problem {
  return httpProblem("internal", `the log has more under request id ${requestId}`, requestId);
}

/** Fastify's own refusals by their code; their messages may repeat the body, so ours stand instead. */
function fromFastify(
  error: unknown,
  request: FastifyRequest,
): { readonly code: HttpProblemCode; readonly detail: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Partial<FastifyError>;
  switch (code) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return { code: "media_type", detail: wrongMediaType(request) };
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return { code: "body_too_large", detail: tooLarge(request) };
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

function wrongMediaType({ headers, routeOptions }: FastifyRequest): string {
  const { "content-type": type } = headers;
  const seen = type === undefined ? "there is no content-type" : `content-type is ${shown(type)}`;
  const { consumes = ["application/json"] } = routeOptions.schema ?? {};
  return `${seen}; this resource takes ${consumes.join(", ")}`;
}

function tooLarge({ headers, routeOptions }: FastifyRequest): string {
  const bytes = Number(headers["content-length"] ?? Number.NaN);
  const seen = bytes > 0 ? `the body has ${bytes} bytes` : "the body is too long";
  return `${seen}; this resource takes ${routeOptions.bodyLimit}`;
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function logProblem(request: FastifyRequest, problem: Problem, error: unknown): void {
  const { code, detail, status } = problem;
  // The stack tells something only where the failure was not foreseen.
  if (status === 503) request.log.warn({ code, detail }, problem.title);
  else if (status >= 500) request.log.error({ err: error, code }, problem.title);
  else request.log.info({ code, status }, "request refused");
}
