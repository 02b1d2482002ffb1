/**
 * Every error headgate throws on purpose. The code is stable and documented; callers branch on it,
 * never on the message. A message names the thing, the value seen and the value allowed, and holds
 * neither secrets nor cell values.
 */

/** What went wrong, one line a code. */
export const errorCodes = {
  ERR_CONFIG: "a setting is missing or wrong",
  ERR_REQUEST_INVALID: "a request does not have the documented shape",
  ERR_IDEMPOTENCY_CONFLICT: "the idempotency key was used for another request",
  ERR_IDEMPOTENCY_IN_FLIGHT: "an earlier request with this idempotency key is still being answered",
  ERR_CLIENT_FORBIDDEN: "the client's scopes, connections or targets do not cover this",
  ERR_SOURCE_NOT_ALLOWED: "the source lies outside what the client may load",
  ERR_TOO_MANY_PENDING: "there are as many unfinished loads, errands or runs as there may be",
  ERR_UNKNOWN_CONNECTION: "no connection of this name is configured",
  ERR_UNKNOWN_SOURCE_NAME: "no connector of this name is configured",
  ERR_UNKNOWN_OBJECT: "the connector's schema has no such object",
  ERR_LOAD_NOT_FOUND: "there is no load with this id",
  ERR_LOAD_STATE: "the load's state does not allow this",
  ERR_ERRAND_NOT_FOUND: "there is no errand with this id",
  ERR_BULK_JOB_NOT_FOUND: "there is no bulk job with this id",
  ERR_BULK_JOB_STATE: "the bulk job's state does not allow this",
  ERR_SCHEDULE_NOT_FOUND: "there is no schedule of this name",
  ERR_SCHEDULE_EXISTS: "there is a schedule of this name already",
  ERR_SCHEDULE_FIXED: "the schedule stands in headgate.yaml and is changed there",
  ERR_RUN_NOT_FOUND: "there is no run with this id",
  ERR_RUN_STATE: "the run's state does not allow this",
  ERR_GATE_TIMEOUT: "the files of a run were not ready in time",

  ERR_PREFLIGHT_REFUSED: "preflight found faults, and the target's policy refuses them",
  ERR_SOURCE_FORMAT: "a source cannot be decompressed or decoded as its format says",
  ERR_UPLOAD_TOO_LARGE: "a file sent to the API is larger than it may be",
  ERR_UPLOAD_FAILED: "the API's disk does not take a file that was sent to it",

  ERR_SOURCE_URI: "a source URI is malformed, of an unknown scheme, or outside what is allowed",
  ERR_SOURCE_NOT_FOUND: "bucket, key or file does not exist",
  ERR_SOURCE_FORBIDDEN: "the store refuses access to bucket, key or file",
  ERR_SOURCE_NONE_MATCHED: "prefix, glob or manifest selects no object",
  ERR_SOURCE_TOO_MANY: "a schedule's places hold more files than one look takes",
  ERR_SOURCE_MANIFEST: "a manifest does not have the documented shape",
  ERR_SOURCE_CHANGED: "the object is no longer the one that was planned",
  ERR_SOURCE_TRUNCATED: "the store ended a read before the promised length",
  ERR_SOURCE_UNREADABLE: "the store could not be read for now",

  ERR_CSV_EMPTY: "the file has no bytes or only blank lines",
  ERR_CSV_HEADER_ONLY: "the file has a header and no record",
  ERR_CSV_HEADER_DIFFERS: "files of one load have different headers",
  ERR_CSV_COLUMN_MISSING: "a field of the schema is not in the header",
  ERR_CSV_COLUMN_UNKNOWN: "a header column is not in the schema and would be dropped silently",
  ERR_CSV_COLUMN_DOUBLED: "a header names a column twice",
  ERR_CSV_COLUMN_RESERVED: "a header has a name that no field may have",
  ERR_CSV_COLUMN_EMPTY: "a header has a column without a name",
  ERR_CSV_DELETE_LAYOUT: "a delete file is not laid out as key, or key and date-time",
  ERR_CSV_NOT_UTF8: "a byte sequence is not UTF-8",
  ERR_CSV_UNCLOSED_QUOTE: "a quoted field does not end before the file does",
  ERR_CSV_STRAY_QUOTE: "a quote stands where RFC 4180 allows none",
  ERR_CSV_BARE_CR: "a carriage return stands outside quotes without a line feed",
  ERR_CSV_RECORD_TOO_LARGE: "one record with its header is larger than a part may be",
  ERR_CSV_FIELD_COUNT: "a record has another number of fields than the header",

  ERR_SCHEMA_INVALID: "a connector schema breaks a rule of the Ingestion API",

  ERR_KEY_FILE: "the private key file is missing, readable by others, or not a private key",
  ERR_AUTH_REFUSED: "the login service refuses the assertion or the token exchange",
  ERR_INSTANCE_URL: "the instance URL is not one that tokens may be sent to",
  ERR_OTHER_ORG: "the login leads to another organisation than before",

  ERR_API_BAD_REQUEST: "the API answered 400",
  ERR_API_UNAUTHORIZED: "the API answered 401",
  ERR_API_FORBIDDEN: "the API answered 403",
  ERR_API_NOT_FOUND: "the API answered 404",
  ERR_API_CONFLICT: "the API answered 409",
  ERR_API_TOO_LARGE: "the API answered 413, or the body is over the limit",
  ERR_API_THROTTLED: "the API answered 429",
  ERR_API_SERVER: "the API answered 5xx",
  ERR_API_UNREACHABLE: "no connection could be made, so nothing was sent",
  ERR_API_UNKNOWN_OUTCOME: "the request was sent and no trustworthy answer came",
  ERR_API_UNEXPECTED: "the API answered something its contract does not have",

  ERR_BULK_JOB_FAILED: "the API reports the bulk job as Failed",
  ERR_BULK_JOB_LOST: "the bulk job vanished or was aborted by someone else",
  ERR_UNSTABLE: "a load was restarted more often than its budget allows",
  ERR_QUARANTINED: "several workers in a row have died of it",

  ERR_SCRATCH: "the worker's scratch space cannot be used",

  ERR_LEDGER_FENCED: "another worker has moved this record on",
  ERR_RECORD_UNREADABLE: "a record in Redis is not as headgate writes it",
  ERR_RECORD_TAMPERED: "a record in Redis was written by someone else than headgate",
  ERR_REDIS_UNSAFE: "Redis could evict or forget the ledger",
  ERR_REDIS_AWAY: "Redis cannot be reached",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Where and what: plain, loggable facts about an error, without secrets or cell values. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** An expected failure with a stable code. `fields` name the thing, the value seen and the value allowed. */
export class BulkError extends Error {
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly fields?: ErrorFields; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BulkError";
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/** Whether a thrown value is a BulkError, of one of these codes if any are given. */
export function isBulkError(error: unknown, ...codes: readonly ErrorCode[]): error is BulkError {
  return error instanceof BulkError && (codes.length === 0 || codes.includes(error.code));
}

/** The code as it stands in answers and load records: ERR_SOURCE_CHANGED becomes source_changed. */
export function reasonCode(code: ErrorCode): string {
  return code.slice("ERR_".length).toLowerCase();
}
