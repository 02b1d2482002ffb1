/** What is known of a connection's connectors before anything is sent. */
import { BulkError } from "./errors.ts";
import type { Target } from "./target.ts";

/** What a field holds. `date` is yyyy-MM-dd, `date-time` is ISO 8601 in UTC. */
export type FieldType = "text" | "number" | "boolean" | "date" | "date-time";

/**
 * Names that no field may have.
 * Source: "Requirements for Ingestion API Schema File", reserved words.
 */
export const reservedFieldNames: ReadonlySet<string> = new Set([
  "date_id",
  "location_id",
  "dat_account_currency",
  "dat_exchange_rate",
  "pacing_period",
  "pacing_end_date",
  "row_count",
  "version",
]);

export interface SchemaField {
  readonly name: string;
  readonly type: FieldType;
}

export interface ObjectSchema {
  readonly name: string;
  /** In the order of the schema file. Never empty. */
  readonly fields: readonly SchemaField[];
  /** Name of the field that identifies a record. */
  readonly primaryKey: string;
}

/**
 * The objects of each connector, by name; `unchecked` where a connector is configured without a
 * schema, so that its objects and columns are taken as they come.
 */
export type ConnectorCatalogue = ReadonlyMap<
  string,
  ReadonlyMap<string, ObjectSchema> | "unchecked"
>;

/** The names of each connector's objects, for those who accept loads and do not read them. */
export type ConnectorNames = ReadonlyMap<string, ReadonlySet<string> | "unchecked">;

/** The schema of the target's object. Throws ERR_UNKNOWN_SOURCE_NAME or ERR_UNKNOWN_OBJECT, naming what there is. */
export function schemaOf(
  catalogue: ConnectorCatalogue,
  target: Pick<Target, "sourceName" | "object">,
): ObjectSchema | "unchecked" {
  const objects = objectsOf(catalogue, target.sourceName);
  if (objects === "unchecked") return "unchecked";
  const schema = objects.get(target.object);
  if (schema === undefined) throw unknownObject(target, objects.keys());
  return schema;
}

/** Throws ERR_UNKNOWN_SOURCE_NAME or ERR_UNKNOWN_OBJECT where there is no such target, naming what there is. */
export function checkTarget(
  names: ConnectorNames,
  target: Pick<Target, "sourceName" | "object">,
): void {
  const objects = objectsOf(names, target.sourceName);
  if (objects !== "unchecked" && !objects.has(target.object))
    throw unknownObject(target, objects.keys());
}

function objectsOf<Objects>(connectors: ReadonlyMap<string, Objects>, sourceName: string): Objects {
  const objects = connectors.get(sourceName);
  if (objects !== undefined) return objects;
  throw new BulkError(
    "ERR_UNKNOWN_SOURCE_NAME",
    `connector "${sourceName}" is not configured; configured: ${listed(connectors.keys())}`,
    { fields: { sourceName } },
  );
}

function unknownObject(
  { sourceName, object }: Pick<Target, "sourceName" | "object">,
  names: Iterable<string>,
): BulkError {
  return new BulkError(
    "ERR_UNKNOWN_OBJECT",
    `connector "${sourceName}" has no object "${object}"; it has: ${listed(names)}`,
    { fields: { sourceName, object } },
  );
}

function listed(names: Iterable<string>): string {
  return [...names].join(", ") || "none";
}
