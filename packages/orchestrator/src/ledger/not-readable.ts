/** What is said of a record in Redis that is not as headgate writes it: torn, or changed by hand. */
import { BulkError } from "@headgate/core";
import { z } from "zod";

/**
 * ERR_RECORD_UNREADABLE for `what` with its id; `fault` is what its parser has thrown, or "gone". Names the fields that are wrong, never what is in them.
 */
export function notReadable(
  what: "load" | "bulk job" | "run",
  id: string,
  fault: unknown,
): BulkError {
  const field = fault === "gone" ? "it is gone" : fieldsOf(fault);
  const name = { load: "loadId", "bulk job": "bulkJobId", run: "run" }[what];
  return new BulkError(
    "ERR_RECORD_UNREADABLE",
    `the record of ${what} ${id} is not as headgate writes it: ${field}`,
    { fields: { [name]: id, field } },
  );
}

/** What is no fault of the schema is one of JSON. */
function fieldsOf(fault: unknown): string {
  if (!(fault instanceof z.ZodError)) return "not JSON";
  return [...new Set(fault.issues.map(({ path }) => path.join(".")))].join(", ");
}
