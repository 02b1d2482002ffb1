/** Where the API is and which key opens it. The only file of the CLI that reads the environment. */
import { readFileSync } from "node:fs";
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
  /** How often a request is sent again after a lost connection or a 502, 503 or 504. */
  readonly retries: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Joins flags and environment. The key comes from `--api-key-file`, HEADGATE_API_KEY_FILE or
 * HEADGATE_API_KEY, never from a flag, which every user of the machine could read.
 * Throws CliError: usage for a wrong URL, login where there is no key.
 */
export function readConfig(
  flags: ConnectionFlags,
  environment: Environment = process.env,
): CliConfig {
  return {
    apiUrl: parseUrl(flags.apiUrl ?? (environment.HEADGATE_API_URL || "http://127.0.0.1:8080")),
    apiKey: readKey(flags.apiKeyFile, environment),
    retries: flags.retries ?? 4,
  };
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

function readKey(flag: string | undefined, environment: Environment): string {
  const path = flag ?? (environment.HEADGATE_API_KEY_FILE || undefined);
  const key = path === undefined ? environment.HEADGATE_API_KEY : readKeyFile(path);
  if (key === undefined || key === "")
    throw new CliError(
      "login",
      "there is no API key: set HEADGATE_API_KEY or HEADGATE_API_KEY_FILE, or pass --api-key-file",
    );
  if (!/^[\x21-\x7e]{1,256}$/.test(key))
    throw new CliError(
      "login",
      "the API key must be 1 to 256 visible ASCII characters on one line",
    );
  return key;
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new CliError("login", `the API key file cannot be read: ${path} (${code})`, { cause });
  }
}
