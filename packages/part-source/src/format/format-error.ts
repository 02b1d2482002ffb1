/** Errors about bytes that are not what the load's format says. */
import { BulkError, type ErrorFields } from "@headgate/core";

/** An ERR_SOURCE_FORMAT that names the source object and what is wrong with it, never what it holds. */
export function formatError(uri: string, problem: string, fields: ErrorFields = {}): BulkError {
  return new BulkError("ERR_SOURCE_FORMAT", `${uri} ${problem}`, { fields: { uri, ...fields } });
}
