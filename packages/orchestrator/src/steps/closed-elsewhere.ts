/** A bulk job that someone else has closed, or that was closed before an abort came: it is processed with what it has. */
import type { RemoteState } from "@headgate/core";
import type { BulkJobRecord } from "../ledger/bulk-job-record.ts";
import { recordClosed, returnLastPart } from "../ledger/part-progress.ts";
import type { StepContext, StepResult } from "./context.ts";

/** Gives the parts that are not up back to the line and goes on as after a close of our own. */
export async function goOnClosed(
  { ledger }: StepContext,
  record: BulkJobRecord,
  state: RemoteState,
): Promise<StepResult> {
  let left = record;
  while (left.next < left.files) left = await returnLastPart(ledger, left);
  await recordClosed(ledger, left, state);
  return "next";
}
