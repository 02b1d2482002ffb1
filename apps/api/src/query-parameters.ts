import { BulkError } from "@headgate/core";
import type { z } from "zod";

/** Parses a query string; unknown, repeated and malformed parameters throw ERR_REQUEST_INVALID, all named. */
export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  query: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "(query)"}: ${issue.message}`,
  );
  throw new BulkError("ERR_REQUEST_INVALID", `the query is not valid: ${faults.join("; ")}`, {
    fields: { field: parsed.error.issues[0]?.path.join(".") ?? "", faults: faults.length },
  });
}
