/**
 * What `headgate up` sets by itself, as overrides of headgate.yaml: where Redis, files, uploads and
 * the board are where the file says nothing, a client for this machine, and logins at emulators.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Environment, SettledConfig } from "@headgate/config";
import { parse } from "yaml";
import type { DataFolder } from "./data-folder.ts";
import { type UpSecrets, upClient } from "./secrets.ts";

/** Connected app and user of the emulated tenants. */
export const emulatorApp = { consumerKey: "headgate-up", user: "up@example.com" } as const;

/** Stands for the URL of an emulator that is not started. */
const notYet = "http://127.0.0.1:1";

/** Whether file or environment name a Redis. */
export function namesRedis(path: string | undefined, environment: Environment): boolean {
  const variable = /^HEADGATE_(_REDIS__|REDIS_)URL(_FILE)?$/i;
  if (Object.entries(environment).some(([name, value]) => variable.test(name) && value))
    return true;
  const file: unknown = path === undefined ? undefined : parse(readFileSync(path, "utf8"));
  return Object(Object(file).redis).url !== undefined;
}

/** The connection `default` as far as the configuration can be read before an emulator has a URL. */
export function emulatedDefault(
  schemas: ReadonlyMap<string, string>,
  keyFile: string,
): Environment {
  const connectors = Object.fromEntries([...schemas].map(([name, schema]) => [name, { schema }]));
  return {
    HEADGATE__CONNECTIONS__DEFAULT__CONNECTORS: JSON.stringify(connectors),
    ...emulatedLogin("default", { keyFile }),
  };
}

/** Sends a connection's logins to an emulator, whose URL may not be known yet. */
export function emulatedLogin(
  name: string,
  { url = notYet, keyFile }: { readonly url?: string; readonly keyFile: string },
): Environment {
  const connection = `HEADGATE__CONNECTIONS__${name.toUpperCase().replaceAll("-", "_")}`;
  return {
    [`${connection}__LOGIN_URL`]: url,
    [`${connection}__AUDIENCE`]: url,
    [`${connection}__CONSUMER_KEY`]: emulatorApp.consumerKey,
    [`${connection}__USER`]: emulatorApp.user,
    [`${connection}__KEY_FILE`]: keyFile,
    [`${connection}__ALLOW_LOOPBACK`]: "true",
  };
}

/** Everything else; only the client and the port stand over what headgate.yaml says. */
export function machineSettings(
  config: SettledConfig,
  own: {
    readonly data: DataFolder;
    readonly secrets: UpSecrets;
    readonly workingFolder: string;
    readonly redisUrl: string | undefined;
    readonly port: number | undefined;
  },
): Environment {
  const { data, secrets, workingFolder, redisUrl, port } = own;
  const hash = `sha256:${createHash("sha256").update(secrets.apiKey).digest("hex")}`;
  const client = { keys: [{ hash }], scopes: ["enqueue", "read", "operate", "admin"] };
  const board = { user: "headgate", passwordFile: secrets.boardPasswordFile };
  return {
    [`HEADGATE__CLIENTS__${upClient.toUpperCase().replaceAll("-", "_")}`]: JSON.stringify(client),
    ...(redisUrl === undefined ? {} : { HEADGATE__REDIS__URL: redisUrl }),
    ...(port === undefined ? {} : { HEADGATE__API__PORT: String(port) }),
    ...(config.sources.filesRoot === undefined
      ? { HEADGATE__SOURCES__FILES_ROOT: workingFolder }
      : {}),
    ...(config.sources.uploads === undefined
      ? { HEADGATE__SOURCES__UPLOADS__FOLDER: data.uploads }
      : {}),
    ...(config.api.board === undefined ? { HEADGATE__API__BOARD: JSON.stringify(board) } : {}),
  };
}
