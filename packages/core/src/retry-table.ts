/**
 * Whether what failed may be tried again, how often and how far apart: one table, keyed by error
 * code, so that no caller decides it for itself.
 */
import type { ErrorCode } from "./errors.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/** Whether, how often and how far apart one failure is tried again. */
export interface RetryEntry {
  /**
   * `never`: the same call gives the same answer.
   * `same-call`: the call had no effect and may be repeated.
   * `after-reconcile`: the call may have had its effect; first find out. A call without effects on
   * the other side may be repeated at once.
   */
  readonly retry: "never" | "same-call" | "after-reconcile";
  /** Longest wait before the second try; doubles with each further one. */
  readonly baseMs: Milliseconds;
  /** Bound of that doubling. */
  readonly maxMs: Milliseconds;
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Where the entry comes from. */
  readonly source: string;
}

/** The entry of every code. */
export const retryTable: Readonly<Record<ErrorCode, RetryEntry>> = {
  ERR_CONFIG: never("a setting stays wrong until it is changed"),
  ERR_REQUEST_INVALID: never("the request stays what it is"),
  ERR_IDEMPOTENCY_CONFLICT: never("the key stays taken"),
  ERR_UNKNOWN_CONNECTION: never("configuration"),
  ERR_UNKNOWN_SOURCE_NAME: never("configuration"),
  ERR_UNKNOWN_OBJECT: never("configuration"),
  ERR_LOAD_NOT_FOUND: never("load ids are not used twice"),
  ERR_LOAD_STATE: never("the caller has to look at the load first"),
  ERR_IDEMPOTENCY_IN_FLIGHT: sameCall(1_000, 5_000, 5, "the earlier request ends soon"),
  ERR_CLIENT_FORBIDDEN: never("rights have to be changed"),
  ERR_SOURCE_NOT_ALLOWED: never("rights have to be changed"),
  ERR_TOO_MANY_PENDING: never("the client decides when to come back"),
  ERR_ERRAND_NOT_FOUND: never("errand ids are not used twice"),
  ERR_BULK_JOB_NOT_FOUND: never("bulk job ids are not used twice"),
  ERR_BULK_JOB_STATE: never("the caller has to look at the bulk job first"),
  ERR_SCHEDULE_NOT_FOUND: never("the caller has to look at the schedules first"),
  ERR_SCHEDULE_EXISTS: never("the name stays taken"),
  ERR_SCHEDULE_FIXED: never("headgate.yaml has to be changed"),
  ERR_RUN_NOT_FOUND: never("run ids are not used twice"),
  ERR_RUN_STATE: never("the caller has to look at the run first"),
  ERR_GATE_TIMEOUT: never("the run has waited as long as its schedule says"),

  ERR_PREFLIGHT_REFUSED: never("the bytes are pinned"),
  ERR_SOURCE_FORMAT: never("the bytes are pinned"),
  ERR_UPLOAD_TOO_LARGE: never("the file stays as large as it is"),
  ERR_UPLOAD_FAILED: sameCall(1_000, 60_000, 3, "a disk is cleaned; bounds are headgate's own"),

  ERR_SOURCE_URI: never("the URI stays what it is"),
  ERR_SOURCE_NOT_FOUND: never("stores answer consistently after a write"),
  ERR_SOURCE_FORBIDDEN: never("rights have to be changed"),
  ERR_SOURCE_NONE_MATCHED: never("stores list consistently after a write"),
  ERR_SOURCE_TOO_MANY: never("the places stay as full"),
  ERR_SOURCE_MANIFEST: never("the manifest stays what it is"),
  ERR_SOURCE_CHANGED: never("the pinned bytes are gone"),
  ERR_SOURCE_TRUNCATED: sameCall(1_000, 20_000, 3, "AWS SDK: 3 attempts, 20 s bound"),
  ERR_SOURCE_UNREADABLE: sameCall(1_000, 20_000, 3, "AWS SDK: 3 attempts, 20 s bound"),

  ERR_CSV_EMPTY: never("the bytes are pinned"),
  ERR_CSV_HEADER_ONLY: never("the bytes are pinned"),
  ERR_CSV_HEADER_DIFFERS: never("the bytes are pinned"),
  ERR_CSV_COLUMN_MISSING: never("the bytes are pinned"),
  ERR_CSV_COLUMN_UNKNOWN: never("the bytes are pinned"),
  ERR_CSV_COLUMN_DOUBLED: never("the bytes are pinned"),
  ERR_CSV_COLUMN_RESERVED: never("the bytes are pinned"),
  ERR_CSV_COLUMN_EMPTY: never("the bytes are pinned"),
  ERR_CSV_DELETE_LAYOUT: never("the bytes are pinned"),
  ERR_CSV_NOT_UTF8: never("the bytes are pinned"),
  ERR_CSV_UNCLOSED_QUOTE: never("the bytes are pinned"),
  ERR_CSV_STRAY_QUOTE: never("the bytes are pinned"),
  ERR_CSV_BARE_CR: never("the bytes are pinned"),
  ERR_CSV_RECORD_TOO_LARGE: never("the bytes are pinned"),
  ERR_CSV_FIELD_COUNT: never("the bytes are pinned"),

  ERR_SCHEMA_INVALID: never("the schema stays what it is"),

  ERR_KEY_FILE: never("the file has to be changed"),
  ERR_AUTH_REFUSED: never("the connected app, its user or its key has to be changed"),
  ERR_INSTANCE_URL: never("the allow-list or the org has to be changed"),
  ERR_OTHER_ORG: never("the connection has to be changed"),

  ERR_API_BAD_REQUEST: never("Status Codes: malformed request"),
  ERR_API_UNAUTHORIZED: never("the client has already replayed the call with a fresh token"),
  ERR_API_FORBIDDEN: never("scopes or roles have to be changed"),
  ERR_API_NOT_FOUND: never("Status Codes: the resource doesn't exist"),
  ERR_API_CONFLICT: afterReconcile(0, 0, 1, "Status Codes: the state does not allow the change"),
  ERR_API_TOO_LARGE: never("the part stays as large as it is"),
  ERR_API_THROTTLED: sameCall(
    60_000,
    900_000,
    Number.POSITIVE_INFINITY,
    "Status Codes: implement a back-off policy; bounds are headgate's own",
  ),
  ERR_API_SERVER: sameCall(500, 10_000, 4, "Status Codes: retry the request"),
  ERR_API_UNREACHABLE: sameCall(500, 10_000, 4, "nothing was sent; bounds are headgate's own"),
  ERR_API_UNKNOWN_OUTCOME: afterReconcile(500, 10_000, 4, "the effect may have happened"),
  ERR_API_UNEXPECTED: afterReconcile(0, 0, 1, "the effect may have happened"),

  ERR_BULK_JOB_FAILED: never("a person has to look at the data stream's refresh history"),
  ERR_BULK_JOB_LOST: never("the parts go into another bulk job"),
  ERR_UNSTABLE: never("the budget of restarts is used up"),
  ERR_QUARANTINED: never("it would kill the next worker too"),

  ERR_SCRATCH: sameCall(1_000, 60_000, 8, "a disk is cleaned, or another worker has room"),

  ERR_LEDGER_FENCED: never("another worker has the record"),
  ERR_RECORD_UNREADABLE: never("the record stays what it is"),
  ERR_RECORD_TAMPERED: never("the record stays what it is"),
  ERR_REDIS_UNSAFE: never("Redis has to be configured"),
  ERR_REDIS_AWAY: sameCall(
    200,
    10_000,
    Number.POSITIVE_INFINITY,
    "nothing can be done without Redis",
  ),
};

/**
 * How long to wait after failed try number `attempt` (from 1): full jitter, so anything from 0 up
 * to the doubled base. `random` is in [0, 1).
 * Source: AWS Architecture Blog, "Exponential Backoff and Jitter".
 */
export function backoffMs(entry: RetryEntry, attempt: number, random: number): Milliseconds {
  // 0 times an overflown power would be NaN; no bound needs more than 30 doublings.
  const doublings = Math.min(attempt - 1, 30);
  const bound = Math.min(entry.maxMs, entry.baseMs * 2 ** doublings);
  return milliseconds(Math.floor(bound * random));
}

function never(source: string): RetryEntry {
  return { retry: "never", baseMs: milliseconds(0), maxMs: milliseconds(0), attempts: 1, source };
}

function sameCall(baseMs: number, maxMs: number, attempts: number, source: string): RetryEntry {
  return {
    retry: "same-call",
    baseMs: milliseconds(baseMs),
    maxMs: milliseconds(maxMs),
    attempts,
    source,
  };
}

function afterReconcile(
  baseMs: number,
  maxMs: number,
  attempts: number,
  source: string,
): RetryEntry {
  return { ...sameCall(baseMs, maxMs, attempts, source), retry: "after-reconcile" };
}
