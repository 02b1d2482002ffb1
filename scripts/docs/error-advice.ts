/** What to do about each error, for those who read it in a load, a log or an answer. */
import type { ErrorCode } from "@headgate/core";

const store = "See that the store is there and may be read; docs/security.md has the rights.";
const file = "Mend the file, and bring the load again.";
const tenant = "Run headgate doctor; it says which step of the login fails and what to do.";
const wait = "Nothing: headgate tries again by itself. If it lasts, run headgate doctor.";

/** By code, so that the compiler finds a code without one. */
export const errorAdvice: Readonly<Record<ErrorCode, string>> = {
  ERR_CONFIG: "Run headgate config check; each line names a file, a place and what is allowed.",
  ERR_REQUEST_INVALID: "Correct the request; the message lists every fault.",
  ERR_IDEMPOTENCY_CONFLICT: "Use a fresh idempotency key for another request.",
  ERR_IDEMPOTENCY_IN_FLIGHT: "Send the same request again in a moment.",
  ERR_CLIENT_FORBIDDEN: "Ask for the scope or connection, or use another client.",
  ERR_SOURCE_NOT_ALLOWED: "Load from one of the client's places, or ask for another.",
  ERR_TOO_MANY_PENDING:
    "Wait until some of them have ended; for loads, limits.pendingLoads can be raised.",
  ERR_UNKNOWN_CONNECTION: "Correct the name, or configure the connection.",
  ERR_UNKNOWN_SOURCE_NAME: "Correct the name, or configure the connector.",
  ERR_UNKNOWN_OBJECT: "Correct the name, or give the workers the connector's new schema.",
  ERR_LOAD_NOT_FOUND: "See the id; ended loads are kept for retention.days.",
  ERR_LOAD_STATE: "Look at the load: an ended one cannot be cancelled, an unended one not retried.",
  ERR_ERRAND_NOT_FOUND: "See the id; errands are kept for a day.",
  ERR_BULK_JOB_NOT_FOUND: "See the id; headgate bulk-jobs observe looks for new ones.",
  ERR_BULK_JOB_STATE: "Nothing: the bulk job has ended.",
  ERR_SCHEDULE_NOT_FOUND: "See the name; headgate schedule list shows all.",
  ERR_SCHEDULE_EXISTS: "Use another name, or delete the schedule first.",
  ERR_SCHEDULE_FIXED: "Change it in headgate.yaml; it is read again without a restart.",
  ERR_RUN_NOT_FOUND: "See the id; ended runs are kept for retention.days.",
  ERR_RUN_STATE: "Nothing: the run has ended.",
  ERR_GATE_TIMEOUT: "See why the files came late; then headgate schedule run NAME --date DATE.",
  ERR_PREFLIGHT_REFUSED:
    "headgate findings LOAD shows file, line and rule. Mend the file, or set the policy to warn.",
  ERR_SOURCE_FORMAT: "Say how the file is stored (format), or mend it.",
  ERR_UPLOAD_FAILED:
    "Make room in sources.uploads.folder, or let the API write there; then send again.",
  ERR_UPLOAD_TOO_LARGE: "Split or compress the file, or raise sources.uploads.maxBytes.",
  ERR_SOURCE_URI: "Correct the URI, or allow its place in sources.",
  ERR_SOURCE_NOT_FOUND: "See bucket, key and path; names are case-sensitive.",
  ERR_SOURCE_FORBIDDEN: store,
  ERR_SOURCE_NONE_MATCHED: "See prefix, suffix or glob; headgate plan lists what they select.",
  ERR_SOURCE_TOO_MANY: "Give the schedule a narrower prefix or fewer lookBackDays.",
  ERR_SOURCE_MANIFEST: "Correct the manifest; docs/formats.md shows one.",
  ERR_SOURCE_CHANGED: "The file was overwritten after it was planned. Bring the load again.",
  ERR_SOURCE_TRUNCATED: store,
  ERR_SOURCE_UNREADABLE: store,
  ERR_CSV_EMPTY: "Leave the empty file out, or mend its export.",
  ERR_CSV_HEADER_ONLY: "Leave the file out, or mend its export.",
  ERR_CSV_HEADER_DIFFERS: "Give all files of a load one header, or bring them as several loads.",
  ERR_CSV_COLUMN_MISSING: "Add the column; without it the field would become null.",
  ERR_CSV_COLUMN_UNKNOWN: "Remove the column, or add the field to the connector's schema.",
  ERR_CSV_COLUMN_DOUBLED: file,
  ERR_CSV_COLUMN_RESERVED: "Rename the column.",
  ERR_CSV_COLUMN_EMPTY: file,
  ERR_CSV_DELETE_LAYOUT: "A delete file has the key, or the key and a date-time.",
  ERR_CSV_NOT_UTF8: "Say the encoding (format.encoding), or mend the file.",
  ERR_CSV_UNCLOSED_QUOTE: file,
  ERR_CSV_STRAY_QUOTE: "Write quotes within a field twice, and the field in quotes.",
  ERR_CSV_BARE_CR: "End lines with LF or CR LF.",
  ERR_CSV_RECORD_TOO_LARGE: "No record may be over 150 MB; shorten it.",
  ERR_CSV_FIELD_COUNT: "See the line: a comma too many or too few, or a field without quotes.",
  ERR_SCHEMA_INVALID: "Mend the connector's OpenAPI YAML; the message names the place.",
  ERR_KEY_FILE: "The key must be RSA, in PEM, unencrypted, and readable by its user alone (0600).",
  ERR_AUTH_REFUSED: tenant,
  ERR_INSTANCE_URL: "If the host is yours, add its suffix to allowedHosts.",
  ERR_OTHER_ORG:
    "Give the other organisation a connection of its own. If it has taken the place of the old one, as after a refresh of a sandbox, delete the key `org` of the connection in Redis.",
  ERR_API_BAD_REQUEST: "Look at the message of the API; report it if headgate sent what is wrong.",
  ERR_API_UNAUTHORIZED: tenant,
  ERR_API_FORBIDDEN: tenant,
  ERR_API_NOT_FOUND: "See connector and object; a new schema takes some seconds to be known.",
  ERR_API_CONFLICT: "Another tool may use the object: headgate bulk-jobs list.",
  ERR_API_TOO_LARGE: "Report it: headgate cuts at 150 MB.",
  ERR_API_THROTTLED: wait,
  ERR_API_SERVER: wait,
  ERR_API_UNREACHABLE: wait,
  ERR_API_UNKNOWN_OUTCOME: "Nothing: headgate finds out what became of the call, and goes on.",
  ERR_API_UNEXPECTED: "See that a proxy does not answer in the tenant's place; then report it.",
  ERR_BULK_JOB_FAILED:
    "See the data stream's refresh history in Data Cloud; then headgate retry LOAD.",
  ERR_BULK_JOB_LOST: "See who aborted the bulk job; its parts go into another one.",
  ERR_UNSTABLE: "See the load's bulk jobs for what goes wrong; then headgate retry LOAD.",
  ERR_QUARANTINED:
    "Look at the workers' logs and memory at the time, and at the file; then headgate retry LOAD.",
  ERR_SCRATCH: "Make room in worker.scratchFolder, or name another folder.",
  ERR_RECORD_UNREADABLE:
    "Bring the load again. Let nothing but headgate write its keys; API and workers are of one version.",
  ERR_RECORD_TAMPERED:
    "See who can write to Redis, and that API and workers have the same redis.signingKey; then make the request anew.",
  ERR_LEDGER_FENCED: "Nothing: another worker went on with it.",
  ERR_REDIS_UNSAFE: "Set what the message names in redis.conf; headgate doctor shows the commands.",
  ERR_REDIS_AWAY: "See that Redis runs and redis.url is right: headgate doctor.",
};
