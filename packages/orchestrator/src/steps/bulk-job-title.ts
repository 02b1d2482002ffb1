/** A bulk job in a few words, as the name of its task. */
import type { Operation } from "@headgate/core";

/** Such as `upsert crm/orders, 3 parts`. */
export function bulkJobTitle(bulkJob: {
  readonly operation: Operation;
  readonly object: string;
  readonly files: number;
}): string {
  const { operation, object, files } = bulkJob;
  return `${operation} ${object}, ${files} ${files === 1 ? "part" : "parts"}`;
}
