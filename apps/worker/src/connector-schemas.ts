/** The schemas of a connection's connectors, parsed once at start. */
import { BulkError, type ConnectorCatalogue, isBulkError, type ObjectSchema } from "@headgate/core";
import { parseConnectorSchema } from "@headgate/ingestion-api/contract";

/**
 * `texts` maps each connector's name to its OpenAPI YAML, or to `none` where its columns are not to
 * be checked. Throws ERR_SCHEMA_INVALID naming the connector.
 */
export function connectorSchemas(texts: ReadonlyMap<string, string>): ConnectorCatalogue {
  return new Map(
    [...texts].map(([sourceName, text]) => [
      sourceName,
      text === "none" ? "unchecked" : objectsOf(sourceName, text),
    ]),
  );
}

function objectsOf(sourceName: string, text: string): ReadonlyMap<string, ObjectSchema> {
  try {
    return parseConnectorSchema(text).objects;
  } catch (error) {
    if (!isBulkError(error)) throw error;
    throw new BulkError(error.code, `connector "${sourceName}": ${error.message}`, {
      fields: { ...error.fields, sourceName },
      cause: error,
    });
  }
}
