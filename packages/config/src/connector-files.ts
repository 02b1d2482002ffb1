/** The schema files of a connection's connectors. */
import type { ConnectorCatalogue, ObjectSchema } from "@headgate/core";
import { describeSchemaFault, readConnectorSchema } from "@headgate/ingestion-api/contract";
import type { ConfigFault, Fault } from "./fault.ts";
import { readText } from "./read-text.ts";
import type { ConnectionConfig } from "./schema.ts";

/** What one connection's connectors are, and what is wrong with their files. */
export interface ReadConnectors {
  readonly catalogue: ConnectorCatalogue;
  /** Of settings, by their path within the connection. */
  readonly faults: readonly Fault[];
  /** Within schema files. */
  readonly fileFaults: readonly ConfigFault[];
}

type Connector = ConnectionConfig["connectors"][string];
type Objects = ReadonlyMap<string, ObjectSchema>;

/** Reads and checks every schema file; `none` leaves a connector unchecked. */
export function readConnectors(connectors: ConnectionConfig["connectors"]): ReadConnectors {
  const catalogue = new Map<string, Objects | "unchecked">();
  const faults: Fault[] = [];
  const fileFaults: ConfigFault[] = [];
  for (const [sourceName, connector] of Object.entries(connectors)) {
    const read = readObjects(connector);
    if (read.objects !== undefined) catalogue.set(sourceName, read.objects);
    faults.push(
      ...read.faults.map((fault) => ({
        ...fault,
        path: ["connectors", sourceName, ...fault.path],
      })),
    );
    fileFaults.push(...read.fileFaults);
  }
  return { catalogue, faults, fileFaults };
}

interface ReadObjects {
  readonly objects: Objects | "unchecked" | undefined;
  readonly faults: readonly Fault[];
  readonly fileFaults: readonly ConfigFault[];
}

function readObjects({ schema: file, objects: settings }: Connector): ReadObjects {
  if (file === "none") {
    const keyed = Object.keys(settings).filter((name) => settings[name]?.primaryKey !== undefined);
    const message = "needs a schema, and this connector has none";
    const faults = keyed.map((name) => ({ path: ["objects", name, "primaryKey"], message }));
    return { objects: "unchecked", faults, fileFaults: [] };
  }
  const read = readText(file);
  if (read.kind === "unreadable")
    return {
      objects: undefined,
      faults: [{ path: ["schema"], message: `${file} cannot be read (${read.code})` }],
      fileFaults: [],
    };
  const schema = readConnectorSchema(read.text);
  const fileFaults = schema.faults.map((fault) => ({
    at: `${file}:${fault.line}`,
    message: describeSchemaFault(fault),
  }));
  // What the settings say of a broken file's objects could only be guessed.
  if (fileFaults.length > 0) return { objects: undefined, faults: [], fileFaults };
  return { ...withSettings(schema.objects, { file, settings }), fileFaults };
}

/** The objects with the primary keys that the settings give them. */
function withSettings(
  read: Objects,
  { file, settings }: { readonly file: string; readonly settings: Connector["objects"] },
): Omit<ReadObjects, "fileFaults"> {
  const objects = new Map(read);
  const faults: Fault[] = [];
  for (const [name, { primaryKey }] of Object.entries(settings)) {
    const schema = read.get(name);
    const fields = schema?.fields.map((field) => field.name) ?? [];
    if (schema === undefined)
      faults.push({
        path: ["objects", name],
        message: `is no object of ${file}; it has ${[...read.keys()].join(", ")}`,
      });
    else if (primaryKey !== undefined && !fields.includes(primaryKey))
      faults.push({
        path: ["objects", name, "primaryKey"],
        message: `must be one of the object's fields, ${fields.join(", ")} (seen: "${primaryKey}")`,
      });
    else if (primaryKey !== undefined) objects.set(name, { ...schema, primaryKey });
  }
  return { objects, faults };
}
