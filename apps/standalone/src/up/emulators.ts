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

/**
 * Starts one for each connection, with its connectors' schemas, on ports of their own. Throws
 * ERR_CONFIG for a connector without a schema, ERR_SCHEMA_INVALID; then none is left running.
 */
export async function startEmulators(
  connections: Readonly<Record<string, Pick<ConnectionConfig, "connectors">>>,
  login: EmulatorLogin,
): Promise<ReadonlyMap<string, Emulator>> {
  const { consumerKey, user } = login;
  const publicKey = createPublicKey(login.privateKey)
    .export({ type: "spki", format: "pem" })
    .toString();
  const started = new Map<string, Emulator>();
  try {
    for (const [name, { connectors }] of Object.entries(connections)) {
      const emulator = await startEmulator({
        schemas: await readSchemas(name, connectors),
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
