/** The schemas of a connection's connectors, parsed once at start. */
import { BulkError, isBulkError } from "@headgate/core";
import { type ConnectorSchema, parseConnectorSchema } from "@headgate/ingestion-api/contract";
import type { SchemaLookup } from "@headgate/orchestrator";

/**
 * Looks up an object's fields. `texts` maps each connector's name to its OpenAPI YAML, or to `none`
 * where its columns are not to be checked. Throws ERR_SCHEMA_INVALID.
 */
export function connectorSchemas(texts: ReadonlyMap<string, string>): SchemaLookup {
  const schemas = new Map<string, ConnectorSchema | "none">();
  for (const [sourceName, text] of texts)
    schemas.set(sourceName, text === "none" ? "none" : parsed(sourceName, text));
  return ({ sourceName, object }) => {
    const schema = schemas.get(sourceName);
    if (schema === "none") return "unchecked";
    if (schema === undefined)
      throw new BulkError(
        "ERR_UNKNOWN_SOURCE_NAME",
        `connector "${sourceName}" is not configured; configured: ${[...schemas.keys()].join(", ") || "none"}`,
        { fields: { sourceName } },
      );
    const found = schema.objects.get(object);
    if (found !== undefined) return found.fields.map((field) => field.name);
    throw new BulkError(
      "ERR_UNKNOWN_OBJECT",
      `connector "${sourceName}" has no object "${object}"; it has: ${[...schema.objects.keys()].join(", ")}`,
      { fields: { sourceName, object } },
    );
  };
}

function parsed(sourceName: string, text: string): ConnectorSchema {
  try {
    return parseConnectorSchema(text);
  } catch (error) {
    if (!isBulkError(error)) throw error;
    throw new BulkError(error.code, `connector "${sourceName}": ${error.message}`, {
      fields: { ...error.fields, sourceName },
      cause: error,
    });
  }
}
