/** An emulator of the Ingestion API for each connection, in this process. */
import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ConnectionConfig } from "@headgate/config";
import { BulkError } from "@headgate/core";
import { type Emulator, startEmulator } from "@headgate/emulator";

/** How an emulated tenant lets headgate in. */
export interface EmulatorLogin {
  readonly consumerKey: string;
  readonly user: string;
  /** PEM. */
  readonly privateKey: string;
}

/** Shorter than a tenant's minutes, for those who try things out; all limits are the real ones. */
const processingMs = 1_000;

/** OpenAPI YAML by connector, by connection. */
export type EmulatedSchemas = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Reads the schemas of all connectors. Throws ERR_CONFIG for one that has none, or cannot be read. */
export async function readEmulatedSchemas(
  connections: Readonly<Record<string, Pick<ConnectionConfig, "connectors">>>,
): Promise<EmulatedSchemas> {
  const schemas = new Map<string, Readonly<Record<string, string>>>();
  for (const [name, { connectors }] of Object.entries(connections))
    schemas.set(name, await readSchemas(name, connectors));
  return schemas;
}

/**
 * Starts one for each connection, on ports of their own. Throws ERR_SCHEMA_INVALID; then none is left
 * running.
 */
export async function startEmulators(
  schemas: EmulatedSchemas,
  login: EmulatorLogin,
): Promise<ReadonlyMap<string, Emulator>> {
  const { consumerKey, user } = login;
  const publicKey = createPublicKey(login.privateKey)
    .export({ type: "spki", format: "pem" })
    .toString();
  const started = new Map<string, Emulator>();
  try {
    for (const [name, ofConnectors] of schemas) {
      const emulator = await startEmulator({
        schemas: ofConnectors,
        connectedApps: [{ consumerKey, users: [user], publicKey }],
        settings: { processingMs },
      });
      started.set(name, emulator);
    }
  } catch (error) {
    for (const emulator of started.values()) await emulator.close();
    throw error;
  }
  return started;
}

async function readSchemas(
  connection: string,
  connectors: ConnectionConfig["connectors"],
): Promise<Readonly<Record<string, string>>> {
  const schemas: Record<string, string> = {};
  for (const [sourceName, { schema }] of Object.entries(connectors)) {
    if (schema === "none")
      throw new BulkError(
        "ERR_CONFIG",
        `the emulator needs a schema, and connections.${connection}.connectors.${sourceName} has none`,
        { fields: { connection, sourceName } },
      );
    schemas[sourceName] = await readFile(schema, "utf8").catch((cause: unknown) => {
      throw new BulkError("ERR_CONFIG", `the schema ${schema} of ${sourceName} cannot be read`, {
        fields: { schema },
        cause,
      });
    });
  }
  return schemas;
}
