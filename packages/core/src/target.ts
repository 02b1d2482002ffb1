/** Where the records of a load go, and what is done with them there. */

/** `upsert` replaces whole records by key, `delete` removes them by key. The API knows no other operation. */
export type Operation = "upsert" | "delete";
/** Every operation. */
export const operations: readonly Operation[] = ["upsert", "delete"];

/** Connection + connector + object + operation. */
export interface Target {
  /** Name of a configured connection, matching `connectionNamePattern`. */
  readonly connection: string;
  /** Short API name of the Ingestion API connector. */
  readonly sourceName: string;
  /** Name of the object in the connector's schema. */
  readonly object: string;
  readonly operation: Operation;
}

/** Connection names stand in Redis keys and load ids, so they are plain. */
export const connectionNamePattern: RegExp = /^[a-z0-9][a-z0-9-]{0,31}$/;
/**
 * Connector and object names: letters, digits, "_" and "-", at most 80 characters.
 * Source: "Requirements for Ingestion API Schema File".
 */
export const apiNamePattern: RegExp = /^[A-Za-z0-9_-]{1,80}$/;

/** `sourceName/object`: the unit the API allows one live bulk job for. */
export type ObjectKey = `${string}/${string}`;

/** The key of a target's object. */
export function objectKey(target: Pick<Target, "sourceName" | "object">): ObjectKey {
  return `${target.sourceName}/${target.object}`;
}
