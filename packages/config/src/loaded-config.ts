/** A configuration that was read and found right. */
import type { ConnectorCatalogue, PreflightSettings, Secret } from "@headgate/core";
import { type Client, clientsOf } from "./clients.ts";
import type { LoginFiles } from "./connection-files.ts";
import type { HeadgateConfig } from "./schema.ts";

/** The settings, defaults filled in, paths absolute. A `consumerKey` is as it was written. */
export type SettledConfig = Omit<HeadgateConfig, "redis"> & {
  readonly redis: Pick<HeadgateConfig["redis"], "prefix" | "allowVolatile"> & {
    readonly url: Secret;
    readonly signingKey?: Secret;
    readonly acceptedKeys: readonly Secret[];
  };
};

export interface LoadedConfig {
  /** The file that it was read from, if any. */
  readonly path: string | undefined;
  readonly config: SettledConfig;
  /** Connectors and objects of each connection, as their schema files and primary keys say. */
  readonly catalogues: ReadonlyMap<string, ConnectorCatalogue>;
  /** Consumer key and authorities of each connection. */
  readonly logins: ReadonlyMap<string, LoginFiles>;
  readonly clients: ReadonlyMap<string, Client>;
  /** What preflight looks for in an object: its own settings over the general ones. */
  preflightOf(connection: string, sourceName: string, object: string): PreflightSettings;
  /** Reads the same file and environment again. Throws ERR_CONFIG. */
  reread(): LoadedConfig;
}

/** Puts together what was read. */
export function assemble(
  read: Pick<LoadedConfig, "path" | "config" | "catalogues" | "logins" | "reread">,
): LoadedConfig {
  const { path, config, catalogues, logins, reread } = read;
  return {
    path,
    config,
    catalogues,
    logins,
    reread,
    clients: clientsOf(config),
    preflightOf: (connection, sourceName, object) => ({
      ...config.preflight,
      ...config.connections[connection]?.connectors[sourceName]?.objects[object]?.preflight,
    }),
  };
}

/** The keys of seals: the first one seals records, all of them check seals; none where none is set. */
export function signingKeysOf({
  signingKey,
  acceptedKeys,
}: SettledConfig["redis"]): readonly Secret[] {
  return signingKey === undefined ? [] : [signingKey, ...acceptedKeys];
}
