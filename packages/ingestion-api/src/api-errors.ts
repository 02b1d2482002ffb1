/**
 * The one place where statuses and broken connections become errors with a code.
 *
 * What counts is whether the caller can know the effect of its call. An answer whose status was
 * read is believed, even where the connection broke afterwards or the request's body was cut short.
 * Without a status, a call that was sent has an unknown outcome; so has a call with effects that
 * is answered 5xx or 408.
 */
import { BulkError, type ErrorCode, type ErrorFields, isBulkError } from "@headgate/core";
import type { z } from "zod";
import { type ApiErrorWire, apiErrorWire } from "./contract/errors.ts";
import { tokenErrorWire } from "./contract/tokens.ts";
import type { HttpAnswer, HttpResult } from "./http-transport.ts";
import { quoteServiceText } from "./service-text.ts";

/** One call as errors tell of it. */
export interface Operation {
  readonly name:
    | "login"
    | "token-exchange"
    | "create-bulk-job"
    | "upload"
    | "close"
    | "abort"
    | "info"
    | "list"
    | "remove"
    | "stream-upsert"
    | "stream-delete"
    | "validate";
  /** The call changes something on the other side, so it must not be repeated blindly. */
  readonly effect: boolean;
  /** Path without query. */
  readonly path: string;
  readonly bulkJobId?: string | undefined;
}

/**
 * The answer, if its status is one of these. Throws by status: ERR_API_BAD_REQUEST,
 * _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _TOO_LARGE, _THROTTLED, _SERVER;
 * ERR_API_UNKNOWN_OUTCOME for 408, for 5xx on calls with effects, and where no answer came;
 * ERR_API_UNREACHABLE where nothing was sent; ERR_API_UNEXPECTED for any other status.
 * Fields: `operation`, `path`, `status`, `bulkJobId`, `retryAfterMs`, `reason` (of a broken connection).
 */
export function expectStatus(
  operation: Operation,
  result: HttpResult,
  statuses: readonly number[],
): HttpAnswer {
  if (result.kind !== "answer") throw brokenCall(operation, result);
  if (statuses.includes(result.status)) return result;
  throw statusError(operation, result);
}

/**
 * The answer's JSON in the shape of `schema`. Throws ERR_API_UNEXPECTED for anything else,
 * ERR_API_UNKNOWN_OUTCOME where the connection broke before the answer was whole.
 */
export function parseAnswer<T>(operation: Operation, answer: HttpAnswer, schema: z.ZodType<T>): T {
  if (answer.text === undefined) {
    if (answer.textFault === "too-large") throw unexpected(operation, answer, "a body over 1 MiB");
    throw apiError("ERR_API_UNKNOWN_OUTCOME", operation, "the answer was cut", {
      status: answer.status,
    });
  }
  if (answer.text.trim() === "") throw unexpected(operation, answer, "an empty body");
  const json = parseJson(answer.text);
  if (json === undefined) throw unexpected(operation, answer, "a body that is not JSON");
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues.slice(0, 1).flatMap(({ path }) => path);
  throw unexpected(
    operation,
    answer,
    `a body outside its contract at "${quoteServiceText(place.map(String).join("."))}"`,
  );
}

/** ERR_API_UNEXPECTED: the API answered `what`. */
export function unexpected(operation: Operation, answer: HttpAnswer, what: string): BulkError {
  return apiError(
    "ERR_API_UNEXPECTED",
    operation,
    `the API answered ${answer.status} with ${what}`,
    {
      status: answer.status,
    },
  );
}

/** The error body of an answer, where it has one. */
export function readApiError(answer: HttpAnswer): ApiErrorWire | undefined {
  return apiErrorWire.safeParse(parseJson(answer.text ?? "")?.value).data;
}

/**
 * The answer of a token call, if it is 200. Throws ERR_AUTH_REFUSED for any 4xx but 408 and 429,
 * with `error` and `description` from the service's answer, and for the rest what expectStatus throws.
 */
export function expectTokens(operation: Operation, result: HttpResult): HttpAnswer {
  if (result.kind !== "answer" || !isRefusal(result.status)) {
    return expectStatus(operation, result, [200]);
  }
  const refusal = tokenErrorWire.safeParse(parseJson(result.text ?? "")?.value).data;
  const error = refusal === undefined ? undefined : quoteServiceText(refusal.error);
  const description = quoteServiceText(refusal?.error_description ?? "");
  const said = error === undefined ? "without a reason" : `${error} (${description})`;
  throw apiError("ERR_AUTH_REFUSED", operation, `refused with ${result.status}: ${said}`, {
    status: result.status,
    error,
    description: description || undefined,
  });
}

/**
 * A failed token call as the call that wanted the token sees it: whatever the services answered,
 * nothing of that call was sent. ERR_API_* becomes ERR_API_UNREACHABLE, with the fields of the
 * token call and its error as `cause`; other errors stay what they are.
 */
export function withoutToken(error: unknown): unknown {
  if (!isBulkError(error) || !error.code.startsWith("ERR_API_")) return error;
  const { message, fields } = error;
  return new BulkError("ERR_API_UNREACHABLE", message, { fields, cause: error });
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function brokenCall(
  operation: Operation,
  result: Exclude<HttpResult, { readonly kind: "answer" }>,
): BulkError {
  const reason = reasonOf(result.cause);
  return result.kind === "not-sent"
    ? apiError(
        "ERR_API_UNREACHABLE",
        operation,
        `no connection (${reason})`,
        { reason },
        result.cause,
      )
    : apiError(
        "ERR_API_UNKNOWN_OUTCOME",
        operation,
        `no answer (${reason})`,
        { reason },
        result.cause,
      );
}

function reasonOf(cause: Error): string {
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}

/** Calls whose body is records: what is said of them may repeat their values. */
const carriesRecords: ReadonlySet<Operation["name"]> = new Set([
  "upload",
  "stream-upsert",
  "stream-delete",
  "validate",
]);

/** The error that an answer's status stands for, with the API's words unless they may hold records' values. */
export function statusError(operation: Operation, answer: HttpAnswer): BulkError {
  const said = carriesRecords.has(operation.name) ? undefined : readApiError(answer)?.message;
  const quoted = said === undefined ? "" : `: ${quoteServiceText(said)}`;
  return apiError(
    codeOfStatus(operation, answer.status),
    operation,
    `the API answered ${answer.status}${quoted}`,
    { status: answer.status, retryAfterMs: answer.retryAfterMs },
  );
}

function codeOfStatus(operation: Operation, status: number): ErrorCode {
  if (status === 408 || (status >= 500 && operation.effect)) return "ERR_API_UNKNOWN_OUTCOME";
  if (status >= 500) return "ERR_API_SERVER";
  return codeByStatus.get(status) ?? "ERR_API_UNEXPECTED";
}

const codeByStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [400, "ERR_API_BAD_REQUEST"],
  [401, "ERR_API_UNAUTHORIZED"],
  [403, "ERR_API_FORBIDDEN"],
  [404, "ERR_API_NOT_FOUND"],
  [409, "ERR_API_CONFLICT"],
  [413, "ERR_API_TOO_LARGE"],
  [429, "ERR_API_THROTTLED"],
]);

function apiError(
  code: ErrorCode,
  operation: Operation,
  what: string,
  fields: ErrorFields,
  cause?: Error,
): BulkError {
  const { name, path, bulkJobId } = operation;
  const subject = bulkJobId === undefined ? name : `${name} of bulk job ${bulkJobId}`;
  return new BulkError(code, `${subject}: ${what}`, {
    fields: { operation: name, path, bulkJobId, ...fields },
    cause,
  });
}

/** The error of JSON.parse quotes the text, so it goes no further than here. */
function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
