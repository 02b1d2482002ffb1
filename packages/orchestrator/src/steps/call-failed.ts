/** What every call of a bulk job's task does after a failure that passes by itself. */
import { type BulkError, backoffMs, firstGateMs, retryTable, seconds } from "@headgate/core";
import { advanceBulkJob, type BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { closeGate } from "../ledger/gate.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import type { StepContext, StepResult } from "./context.ts";
import { later } from "./later.ts";

/** Wait after a login that was refused: a person has to act. */
const loginWaitMs = seconds(60);
/** Bound of the doubling wait of calls that must succeed some day: the API is used again that soon after an outage. */
const longestWaitMs = seconds(120);

/** Counts a passing fault, tells it, and comes back after a wait that grows. */
export async function waitAndRetry(
  context: StepContext,
  record: BulkJobRecord,
  call: string,
  error: BulkError,
  fields: Readonly<Record<string, string | number>> = {},
): Promise<StepResult> {
  const { ledger, ports } = context;
  ports.emit({
    type: "bulk-job.call-failed",
    bulkJobId: record.id,
    object: record.objectKey,
    call,
    code: error.code,
    message: error.message,
  });
  if (error.code === "ERR_API_THROTTLED") await closeGateFor(context, error);
  const tries = record.tries + 1;
  await advanceBulkJob(ledger, record, { ...fields, tries });
  return later(
    await ledgerNow(ledger),
    waitMs(error, tries, ports.chance.random()),
    `${call} met ${error.code}`,
  );
}

function waitMs(error: BulkError, tries: number, random: number): number {
  switch (error.code) {
    case "ERR_API_THROTTLED":
      return retryAfterMs(error) ?? firstGateMs;
    case "ERR_AUTH_REFUSED":
    case "ERR_API_UNAUTHORIZED":
    case "ERR_API_FORBIDDEN":
    case "ERR_KEY_FILE":
    case "ERR_INSTANCE_URL":
    case "ERR_OTHER_ORG":
      return loginWaitMs;
    default: {
      const entry = { ...retryTable[error.code], baseMs: seconds(1), maxMs: longestWaitMs };
      return backoffMs(entry, tries, 0.5 + random / 2);
    }
  }
}

/** Closes the gate for the whole fleet after a 429, or a 401 that a fresh token does not help. */
export async function closeGateFor(
  { ledger, ports }: StepContext,
  error: BulkError,
): Promise<void> {
  const until = await closeGate(ledger, {
    retryAfterMs: retryAfterMs(error),
    random: ports.chance.random(),
  });
  ports.emit({ type: "gate.closed", connection: ledger.connection, until });
}

function retryAfterMs(error: BulkError): ReturnType<typeof seconds> | undefined {
  const value = error.fields.retryAfterMs;
  return typeof value === "number" && value >= 0 ? seconds(value / 1000) : undefined;
}
