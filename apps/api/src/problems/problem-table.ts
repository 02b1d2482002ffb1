/** Every problem the API answers with: its status, what it is, and what the caller should do. */
import { type ErrorCode, errorCodes, reasonCode } from "@headgate/core";

/** What is documented of a problem; its code is stable. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What the caller should do. */
  readonly advice: string;
}

/** What goes wrong with a request before it reaches headgate's own code, one entry a code. */
export const httpProblems = {
  bad_request: { status: 400, title: "the request is malformed", advice: "Send valid HTTP." },
  body_malformed: {
    status: 400,
    title: "the body is not JSON",
    advice: "Send a JSON body, UTF-8, without a property named __proto__.",
  },
  idempotency_key_missing: {
    status: 400,
    title: "the request needs an Idempotency-Key",
    advice: "Send a fresh key with each new request, and the same key when you send it again.",
  },
  unauthenticated: {
    status: 401,
    title: "a valid credential is missing",
    advice:
      "Send authorization: Bearer and an API key or token that is configured and not expired.",
  },
  cross_site: {
    status: 403,
    title: "a page of another site may not do this",
    advice: "Operate the board from its own page.",
  },
  route_not_found: {
    status: 404,
    title: "there is no such resource",
    advice: "Look at /docs for the paths of this API.",
  },
  uploads_off: {
    status: 404,
    title: "this API takes no files",
    advice:
      "Set sources.uploads.folder in headgate.yaml, or load from a place the workers can read.",
  },
  method_not_allowed: {
    status: 405,
    title: "the resource does not have this method",
    advice: "Use one of the methods in the header Allow.",
  },
  request_timeout: {
    status: 408,
    title: "the request did not arrive in time",
    advice: "Send it again, faster; an upload must not stand still.",
  },
  body_too_large: {
    status: 413,
    title: "the body is too large",
    advice: "Name fewer keys or use a manifest; split a batch.",
  },
  media_type: {
    status: 415,
    title: "the body is not of a type that this resource takes",
    advice:
      "Send the content-type that the resource names, application/json where nothing is said.",
  },
  batch_invalid: {
    status: 422,
    title: "lines of the batch are not valid",
    advice: "Correct the lines in `lines`; nothing of the batch was accepted.",
  },
  rate_limited: {
    status: 429,
    title: "the client has sent too many requests",
    advice: "Wait for the seconds in Retry-After; RateLimit says what is left.",
  },
  too_many_streams: {
    status: 429,
    title: "the client follows events as often as it may",
    advice: "Close another stream of events first.",
  },
  internal: {
    status: 500,
    title: "headgate failed",
    advice: "Look in the API's log for the request id.",
  },
  timeout: {
    status: 503,
    title: "the answer took too long",
    advice: "Send again after Retry-After, with the same Idempotency-Key.",
  },
  login_unavailable: {
    status: 503,
    title: "the keys of the token's issuer cannot be fetched",
    advice: "Send again after Retry-After; the operator checks jwt.jwksUrl.",
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type HttpProblemCode = keyof typeof httpProblems;

type Known = readonly [status: number, advice: string];

/** Errors that a caller can act on. Any other is a fault of ours: `internal`. */
const known: Partial<Record<ErrorCode, Known>> = {
  ERR_REQUEST_INVALID: [400, "Correct the request; `detail` names the faults, the first 20."],
  ERR_CLIENT_FORBIDDEN: [403, "Ask the operator for the scope or connection that `detail` names."],
  ERR_SOURCE_NOT_ALLOWED: [403, "Load from one of the client's places, or ask for another."],
  ERR_LOAD_NOT_FOUND: [404, "Check the id; ended loads are kept for the retention time."],
  ERR_ERRAND_NOT_FOUND: [404, "Check the id; errands are kept for a day."],
  ERR_BULK_JOB_NOT_FOUND: [404, "Check the id; ask for bulk-jobs/observe to see new ones."],
  ERR_SCHEDULE_NOT_FOUND: [404, "Check the name; write connection.name where two have it."],
  ERR_RUN_NOT_FOUND: [404, "Check the id; ended runs are kept for the retention time."],
  ERR_IDEMPOTENCY_IN_FLIGHT: [409, "Send the same request again in a moment."],
  ERR_LOAD_STATE: [409, "Nothing; the load's state does not allow this."],
  ERR_BULK_JOB_STATE: [409, "Nothing; the bulk job has ended."],
  ERR_RUN_STATE: [409, "Nothing; the run has ended."],
  ERR_SCHEDULE_EXISTS: [409, "Use another name, or delete the schedule first."],
  ERR_SCHEDULE_FIXED: [409, "Change it in headgate.yaml."],
  ERR_UPLOAD_TOO_LARGE: [413, "Split the file, or compress it."],
  ERR_IDEMPOTENCY_CONFLICT: [422, "Use a fresh key for another request."],
  ERR_SOURCE_URI: [422, "Correct the URI: s3://bucket/key or file:///absolute/path."],
  ERR_UNKNOWN_CONNECTION: [422, "Correct the name, or configure the connection."],
  ERR_UNKNOWN_SOURCE_NAME: [422, "Correct the name, or configure the connector."],
  ERR_UNKNOWN_OBJECT: [422, "Correct the name, or give the workers the connector's new schema."],
  ERR_TOO_MANY_PENDING: [429, "Wait until some of them have ended."],
  ERR_RECORD_UNREADABLE: [500, "Ask the operator to look at the record; bring the load again."],
  ERR_RECORD_TAMPERED: [500, "Tell the operator; make the request anew rather than retry it."],
  ERR_UPLOAD_FAILED: [507, "Send it again later; the operator makes room in the upload folder."],
  ERR_REDIS_AWAY: [503, "Send again after Retry-After, with the same Idempotency-Key."],
};

/** The documented problem of an error of ours; undefined where a caller cannot act on it. */
export function problemKindOf(code: ErrorCode): ProblemKind | undefined {
  const entry = known[code];
  return entry && { status: entry[0], title: errorCodes[code], advice: entry[1] };
}

/** All problems by code, in the order of their status. */
export const problemKinds: ReadonlyMap<string, ProblemKind> = new Map(
  [...Object.entries(httpProblems), ...errorKinds()].toSorted(
    ([, one], [, other]) => one.status - other.status,
  ),
);

function errorKinds(): readonly (readonly [string, ProblemKind])[] {
  const codes = Object.keys(known) as ErrorCode[];
  return codes.flatMap((code) => {
    const kind = problemKindOf(code);
    return kind === undefined ? [] : [[reasonCode(code), kind] as const];
  });
}
