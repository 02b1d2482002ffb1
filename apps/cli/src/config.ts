/** Where the API is and which key opens it. The only file of the CLI that reads the environment. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { CliError } from "./errors.ts";

/** What the command line says; the environment fills in the rest. */
export interface ConnectionFlags {
  readonly apiUrl?: string;
  readonly apiKeyFile?: string;
  readonly retries?: number;
}

/** Place of the API, key and patience, checked. */
export interface CliConfig {
  /** Without a slash at the end. */
  readonly apiUrl: string;
  readonly apiKey: string;
  /** How often a request is sent again after a lost connection or a 429, 502, 503 or 504. */
  readonly retries: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Joins flags and environment. The key comes from `--api-key-file`, HEADGATE_API_KEY_FILE or
 * HEADGATE_API_KEY, never from a flag, which every user of the machine could read. Where neither
 * URL nor key is named, both come from the `cli.json` that `headgate up` leaves in its data folder:
 * never one without the other, so that a key cannot reach an API that it is not for.
 * Throws CliError: usage for a wrong URL or number, login where there is no key.
 */
export function readConfig(
  flags: ConnectionFlags,
  environment: Environment = process.env,
): CliConfig {
  const url = flags.apiUrl ?? (environment.HEADGATE_API_URL || undefined);
  const key = readKey(flags.apiKeyFile, environment);
  const local = url === undefined && key === undefined ? readLocal(environment) : undefined;
  return {
    apiUrl: parseUrl(url ?? local?.apiUrl ?? "http://127.0.0.1:8080"),
    apiKey: checkKey(key ?? local?.apiKey),
    retries: flags.retries ?? retriesOf(environment.HEADGATE_RETRIES) ?? 4,
  };
}

/**
 * The folder in which `headgate up` keeps its data: `flag`, HEADGATE_DATA, else `headgate` in
 * XDG_DATA_HOME, which is `~/.local/share` by default.
 */
export function dataFolder(flag?: string, environment: Environment = process.env): string {
  const named = flag ?? (environment.HEADGATE_DATA || undefined);
  if (named !== undefined) return resolve(named);
  return join(environment.XDG_DATA_HOME || join(homedir(), ".local", "share"), "headgate");
}

/** The process's environment, for headgate.yaml's overrides. */
export function environment(): Environment {
  return process.env;
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "")
    throw new CliError(
      "usage",
      `the API's URL must be http:// or https:// without a query: ${text}`,
    );
  if (url.username !== "" || url.password !== "")
    throw new CliError("usage", "the API's URL must not hold a user name or password");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function retriesOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,2}$|^100$/.test(text)) return Number(text);
  throw new CliError("usage", `HEADGATE_RETRIES must be a whole number from 0 to 100: ${text}`);
}

function readKey(flag: string | undefined, environment: Environment): string | undefined {
  const path = flag ?? (environment.HEADGATE_API_KEY_FILE || undefined);
  if (path === undefined) return environment.HEADGATE_API_KEY || undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new CliError("login", `the API key file cannot be read: ${path} (${code})`, { cause });
  }
}

function checkKey(key: string | undefined): string {
  if (key === undefined)
    throw new CliError(
      "login",
      "there is no API key: set HEADGATE_API_KEY_FILE or HEADGATE_API_KEY, pass --api-key-file, or start headgate up on this machine",
    );
  if (/^[\x21-\x7e]{1,256}$/.test(key)) return key;
  throw new CliError("login", "the API key must be 1 to 256 visible ASCII characters on one line");
}

/** What `headgate up` has left for the commands of its user; undefined where it never ran. */
function readLocal(environment: Environment): { apiUrl: string; apiKey: string } | undefined {
  const path = join(dataFolder(undefined, environment), "cli.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    const { apiUrl, apiKey }: { apiUrl?: unknown; apiKey?: unknown } = JSON.parse(text);
    if (typeof apiUrl === "string" && typeof apiKey === "string") return { apiUrl, apiKey };
  } catch {
    // As wrong as one without the two.
  }
  throw new CliError("login", `${path} is damaged; headgate up writes it again when it starts`);
}
