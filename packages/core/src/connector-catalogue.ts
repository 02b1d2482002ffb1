/** What is known of a connection's connectors before anything is sent. */
import { BulkError } from "./errors.ts";
import type { Target } from "./target.ts";

/**
 * The fields of each object of each connector, by name; `unchecked` where a connector is configured
 * without a schema, so that its objects and columns are taken as they come.
 */
export type ConnectorCatalogue = ReadonlyMap<
  string,
  ReadonlyMap<string, readonly string[]> | "unchecked"
>;

/** The fields of the target's object. Throws ERR_UNKNOWN_SOURCE_NAME or ERR_UNKNOWN_OBJECT, naming what there is. */
export function fieldsOf(
  catalogue: ConnectorCatalogue,
  target: Pick<Target, "sourceName" | "object">,
): readonly string[] | "unchecked" {
  const { sourceName, object } = target;
  const objects = catalogue.get(sourceName);
  if (objects === undefined)
    throw new BulkError(
      "ERR_UNKNOWN_SOURCE_NAME",
      `connector "${sourceName}" is not configured; configured: ${listed(catalogue.keys())}`,
      { fields: { sourceName } },
    );
  if (objects === "unchecked") return "unchecked";
  const fields = objects.get(object);
  if (fields !== undefined) return fields;
  throw new BulkError(
    "ERR_UNKNOWN_OBJECT",
    `connector "${sourceName}" has no object "${object}"; it has: ${listed(objects.keys())}`,
    { fields: { sourceName, object } },
  );
}

function listed(names: Iterable<string>): string {
  return [...names].join(", ") || "none";
}
