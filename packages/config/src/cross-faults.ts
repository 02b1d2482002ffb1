/** Faults between sections, each of which is right by itself. */
import { type ConnectorCatalogue, isBulkError, schemaOf } from "@headgate/core";
import type { Fault } from "./fault.ts";
import type { HeadgateConfig } from "./schema.ts";

/** The sections that other sections speak of; those with faults of their own may be incomplete. */
export interface CheckedSections {
  /** Names of all connections. */
  readonly connections: readonly string[];
  /** Names of all clients. */
  readonly clientNames: readonly string[];
  readonly clients: HeadgateConfig["clients"];
  readonly schedules: HeadgateConfig["schedules"];
  readonly streamClient: string | undefined;
  /** Of those connections whose schema files were read. */
  readonly catalogues: ReadonlyMap<string, ConnectorCatalogue>;
}

/** Names that name nothing, targets that are not there, and clients that could be taken for each other. */
export function crossFaults(sections: CheckedSections): readonly Fault[] {
  return [
    ...scheduleTargetFaults(sections),
    ...clientFaults(sections),
    ...reservedNames(sections),
    ...doubledIdentities(sections.clients),
  ];
}

function scheduleTargetFaults(sections: CheckedSections): readonly Fault[] {
  return Object.entries(sections.schedules).flatMap(([name, { connection, targets }]) => {
    const path = ["schedules", name];
    if (!sections.connections.includes(connection))
      return [unknown([...path, "connection"], connection, sections.connections)];
    const catalogue = sections.catalogues.get(connection);
    if (catalogue === undefined) return [];
    return targets.flatMap((target, index) => {
      try {
        schemaOf(catalogue, target);
        return [];
      } catch (error) {
        if (!isBulkError(error)) throw error;
        const field = error.code === "ERR_UNKNOWN_OBJECT" ? "object" : "sourceName";
        return [{ path: [...path, "targets", index, field], message: error.message }];
      }
    });
  });
}

function clientFaults(sections: CheckedSections): readonly Fault[] {
  const { streamClient, clientNames } = sections;
  const unknownConnections = Object.entries(sections.clients).flatMap(([name, client]) =>
    (client.connections ?? []).flatMap((connection, index) =>
      sections.connections.includes(connection)
        ? []
        : [unknown(["clients", name, "connections", index], connection, sections.connections)],
    ),
  );
  if (streamClient === undefined || clientNames.includes(streamClient)) return unknownConnections;
  return [...unknownConnections, unknown(["streamClient"], streamClient, clientNames)];
}

/** Loads that come by the stream, without a client that stands for it, belong to this name. */
function reservedNames({ clientNames }: CheckedSections): readonly Fault[] {
  if (!clientNames.includes("redis")) return [];
  const message = "is the owner of what comes by the Redis stream; choose another name";
  return [{ path: ["clients", "redis"], message }];
}

function doubledIdentities(clients: HeadgateConfig["clients"]): readonly Fault[] {
  const owners = new Map<string, string>();
  const faults: Fault[] = [];
  const claim = (identity: string, fault: Fault & { readonly owner: string }): void => {
    const before = owners.get(identity);
    if (before === undefined) owners.set(identity, fault.owner);
    else faults.push({ path: fault.path, message: `${fault.message} ${before}` });
  };
  for (const [name, { keys, subject }] of Object.entries(clients)) {
    const path = ["clients", name];
    for (const [index, { hash }] of keys.entries())
      claim(`hash ${hash}`, {
        path: [...path, "keys", index, "hash"],
        message: "is also a key of client",
        owner: name,
      });
    if (subject !== undefined)
      claim(`subject ${subject}`, {
        path: [...path, "subject"],
        message: "is also the subject of client",
        owner: name,
      });
  }
  return faults;
}

function unknown(path: Fault["path"], seen: string, there: readonly string[]): Fault {
  const allowed = there.length === 0 ? "there is none" : `must be one of ${there.join(", ")}`;
  return { path, message: `${allowed} (seen: "${seen}")` };
}
