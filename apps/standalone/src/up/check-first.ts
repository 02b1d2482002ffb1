/** What `headgate up` finds out before it makes or starts anything. */
import { type Environment, type LoadedConfig, loadConfig } from "@headgate/config";
import { checkPort } from "../free-port.ts";
import { checkDataFolder, placesIn } from "./data-folder.ts";
import { type EmulatedSchemas, readEmulatedSchemas } from "./emulators.ts";
import { emulatorKeyFileIn } from "./secrets.ts";
import { emulatedDefault, emulatedLogin } from "./up-environment.ts";

/** What is looked at first. */
export interface FirstOptions {
  /** Made where it is missing; see `openDataFolder`. */
  readonly dataFolder: string;
  /** As of `loadConfig`. */
  readonly configPath?: string | undefined;
  readonly environment: Environment;
  /** Port of the API in place of the configured one. */
  readonly port?: number | undefined;
  /**
   * Logs every connection in at an emulator of its own in place of its tenant. `schemas` (connector
   * to OpenAPI YAML file), if any, replace those of the connection `default`.
   */
  readonly emulator?: { readonly schemas: ReadonlyMap<string, string> } | undefined;
}

/** The configuration before Redis and emulators have their places. */
export type First = Pick<LoadedConfig, "config" | "path"> & {
  readonly environment: Environment;
  /** Of the connections that get an emulator. */
  readonly schemas: EmulatedSchemas;
};

/**
 * Throws ERR_CONFIG for what is wrong with configuration, schemas or data folder, and Node's error
 * where nobody could listen on the port.
 */
export async function checkFirst(options: FirstOptions): Promise<First> {
  await checkDataFolder(options.dataFolder);
  const first = await readFirst(options);
  const { host, port } = first.config.api;
  await checkPort({ host, port: options.port ?? port });
  return first;
}

async function readFirst(options: FirstOptions): Promise<First> {
  const { emulator, configPath } = options;
  const own = options.environment;
  if (emulator === undefined) {
    const { config, path } = loadConfig({ path: configPath, environment: own });
    return { config, path, environment: own, schemas: new Map() };
  }
  const keyFile = emulatorKeyFileIn(placesIn(options.dataFolder).secrets);
  const environment = {
    ...own,
    ...(emulator.schemas.size === 0 ? {} : emulatedDefault(emulator.schemas, keyFile)),
  };
  // What the tenants' own logins name need not be there.
  const named = loadConfig({ path: configPath, environment, connectionFiles: false });
  const schemas = await readEmulatedSchemas(named.config.connections);
  const logins = [...schemas.keys()].map((name) => emulatedLogin(name, { keyFile }));
  const { config, path } = loadConfig({
    path: configPath,
    environment: Object.assign({ ...environment }, ...logins),
  });
  return { config, path, environment, schemas };
}
