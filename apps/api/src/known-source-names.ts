import { BulkError } from "@headgate/core";
import type { ProducerOptions } from "@headgate/orchestrator/producer";

/**
 * Refuses a load for a connector that is not among these names with ERR_UNKNOWN_SOURCE_NAME. The
 * schemas themselves are the worker's: it checks object and columns when it plans the load.
 */
export function knownSourceNames(
  names: ReadonlySet<string>,
): NonNullable<ProducerOptions["schema"]> {
  return ({ sourceName }) => {
    if (names.has(sourceName)) return "unchecked";
    throw new BulkError(
      "ERR_UNKNOWN_SOURCE_NAME",
      `connector "${sourceName}" is not configured; configured: ${[...names].join(", ")}`,
      { fields: { sourceName } },
    );
  };
}
