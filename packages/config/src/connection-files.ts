/** What connections have in files beside headgate.yaml: schemas, consumer keys, authorities. */
import { type ConnectorCatalogue, Secret } from "@headgate/core";
import type { z } from "zod";
import type { connectionFilesSchema } from "./connection-schema.ts";
import { readConnectors } from "./connector-files.ts";
import type { ConfigFault, Fault } from "./fault.ts";
import { readText } from "./read-text.ts";
import { readSecret } from "./secret-file.ts";

/** What a login needs besides the settings and the private key, which is read at each login. */
export interface LoginFiles {
  readonly consumerKey: Secret;
  /** PEM of the authorities to trust; undefined: the system's. */
  readonly ca: string | undefined;
}

/** All connections' files, by the connection's name; those with faults are missing. */
export interface ConnectionFiles {
  readonly catalogues: ReadonlyMap<string, ConnectorCatalogue>;
  readonly logins: ReadonlyMap<string, LoginFiles>;
  readonly faults: readonly Fault[];
  /** Within schema files. */
  readonly fileFaults: readonly ConfigFault[];
}

/** Reads the files of every connection. */
export function readConnectionFiles(
  connections: Readonly<Record<string, z.output<typeof connectionFilesSchema>>>,
): ConnectionFiles {
  const catalogues = new Map<string, ConnectorCatalogue>();
  const logins = new Map<string, LoginFiles>();
  const faults: Fault[] = [];
  const fileFaults: ConfigFault[] = [];
  for (const [name, connection] of Object.entries(connections)) {
    const connectors = readConnectors(connection.connectors);
    const consumerKey = readSecret(connection.consumerKey, ["consumerKey"]);
    const ca = readAuthorities(connection.caFile);
    const found = [...connectors.faults, ...faultsIn(consumerKey), ...faultsIn(ca)];
    faults.push(
      ...found.map((fault) => ({ ...fault, path: ["connections", name, ...fault.path] })),
    );
    fileFaults.push(...connectors.fileFaults);
    if (connectors.faults.length + connectors.fileFaults.length === 0)
      catalogues.set(name, connectors.catalogue);
    if (consumerKey instanceof Secret && !isFault(ca)) logins.set(name, { consumerKey, ca });
  }
  return { catalogues, logins, faults, fileFaults };
}

function readAuthorities(file: string | undefined): string | undefined | Fault {
  if (file === undefined) return undefined;
  const read = readText(file);
  if (read.kind === "unreadable")
    return { path: ["caFile"], message: `${file} cannot be read (${read.code})` };
  if (read.text.includes("-----BEGIN CERTIFICATE-----")) return read.text;
  return { path: ["caFile"], message: `${file} holds no certificate in PEM` };
}

function faultsIn(read: unknown): readonly Fault[] {
  return isFault(read) ? [read] : [];
}

function isFault(read: unknown): read is Fault {
  return typeof read === "object" && read !== null && "message" in read;
}
