/**
 * After an answer that contradicts the ledger, the bulk job's own state decides: a 409 is never
 * taken for success, a 404 never for an end.
 */
import { assertNever, type BulkError } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { askRemote } from "./ask-remote.ts";
import { waitAndRetry } from "./call-failed.ts";
import { goOnClosed } from "./closed-elsewhere.ts";
import type { StepContext, StepResult } from "./context.ts";

/** Goes on from the state that the API has: tries again where it is Open, else as after a close. */
export async function refreshRemote(
  context: StepContext,
  record: BulkJobRecord,
  cause: BulkError,
  signal: AbortSignal,
): Promise<StepResult> {
  return await askRemote(context, record, signal, async (state) => {
    switch (state) {
      case "Open":
        return await waitAndRetry(context, record, record.phase, cause);
      case "UploadComplete":
      case "InProgress":
      case "JobComplete":
      case "Failed":
        return await goOnClosed(context, record, state);
      default:
        return assertNever(state);
    }
  });
}
