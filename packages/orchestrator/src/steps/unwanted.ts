/** A bulk job that nobody wants any more. */
import type { BulkError } from "@headgate/core";
import type { BulkJobPart } from "../ledger/bulk-job-record.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readLoads } from "../ledger/load-record.ts";

/** Whether every load with parts in a bulk job was cancelled or has failed. */
export async function isUnwanted(ledger: Ledger, parts: readonly BulkJobPart[]): Promise<boolean> {
  const ids = [...new Set(parts.map((part) => part.load))];
  const { loads, unreadable } = await readLoads(ledger, ids);
  // The upload of an unreadable load's part names it as the culprit.
  if (unreadable.size > 0) return false;
  return loads.every((load) => load.state === "cancelled" || load.state === "failed");
}

/** Why such a bulk job is aborted. */
export const unwanted: Pick<BulkError, "code" | "message"> = {
  code: "ERR_LOAD_STATE",
  message: "every load in it was cancelled",
};
