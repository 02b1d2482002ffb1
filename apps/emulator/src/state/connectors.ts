/** The registered connectors: which objects a `sourceName` has, and since when. */
import type { EpochMs, ObjectSchema } from "@headgate/core";
import { type ConnectorSchema, parseConnectorSchema } from "@headgate/ingestion-api/contract";
import type { EmulatorSettings } from "../settings.ts";
import { refusal } from "./refusal.ts";

/** The registered connectors. */
export class Connectors {
  readonly #settings: EmulatorSettings;
  readonly #bySourceName = new Map<string, { schema: ConnectorSchema; registeredAt: EpochMs }>();

  constructor(settings: EmulatorSettings) {
    this.#settings = settings;
  }

  /** Registers or replaces a connector. Throws ERR_SCHEMA_INVALID. */
  register(sourceName: string, yamlText: string, now: EpochMs): ConnectorSchema {
    const schema = parseConnectorSchema(yamlText);
    this.#bySourceName.set(sourceName, { schema, registeredAt: now });
    return schema;
  }

  /** The object's schema; refuses with 404 what is unknown or still warming up. */
  find(sourceName: string, object: string, now: EpochMs): ObjectSchema {
    const connector = this.#bySourceName.get(sourceName);
    const schema = connector?.schema.objects.get(object);
    if (connector === undefined || schema === undefined) {
      throw refusal(404, `there is no object ${object} of source ${sourceName}`);
    }
    if (now < connector.registeredAt + this.#settings.schemaWarmUpMs) {
      throw refusal(404, `the schema of source ${sourceName} is not ready yet`);
    }
    return schema;
  }

  /** Every connector with the names of its objects. */
  report(): readonly { readonly sourceName: string; readonly objects: readonly string[] }[] {
    return [...this.#bySourceName].map(([sourceName, { schema }]) => ({
      sourceName,
      objects: [...schema.objects.keys()],
    }));
  }
}
