/** The API's configuration. With main.ts the only file of this app that sees the environment. */
import { readFileSync } from "node:fs";
import { type LoadedConfig, loadConfig, type SettledConfig } from "@headgate/config";
import { BulkError, Secret } from "@headgate/core";
import type { BoardOptions } from "./board.ts";

/**
 * Reads headgate.yaml and the environment, without what only workers may read: keys and schemas of
 * the connections. Throws ERR_CONFIG with every fault.
 */
export function readApiConfig(
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  return loadConfig({ environment, connectionFiles: false });
}

/** Login of the board, if it has one, its password read from its file. Throws ERR_CONFIG. */
export function boardOf({ api: { board } }: Pick<SettledConfig, "api">): BoardOptions | undefined {
  if (board === undefined) return undefined;
  const { user, operate, passwordFile } = board;
  const password = readPassword(passwordFile);
  if (password !== "") return { user, operate, password: new Secret(password) };
  throw passwordFault(passwordFile, "is empty");
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw passwordFault(path, `cannot be read (${code})`);
  }
}

function passwordFault(path: string, what: string): BulkError {
  return new BulkError("ERR_CONFIG", `api.board.passwordFile: ${path} ${what}`, {
    fields: { setting: "api.board.passwordFile", path },
  });
}

/** The version of this build, as its package has it. */
export function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version }: { readonly version: string } = JSON.parse(text);
  return version;
}
