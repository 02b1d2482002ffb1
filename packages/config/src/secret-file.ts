/** Secrets that stand in headgate.yaml or in a file that it names. */
import { Secret } from "@headgate/core";
import type { Fault } from "./fault.ts";
import { readText } from "./read-text.ts";
import type { SecretFile } from "./setting-kinds.ts";

/** The secret; of a file its text without white space around it. */
export function readSecret(setting: Secret | SecretFile, path: Fault["path"]): Secret | Fault {
  if (setting instanceof Secret) return setting;
  const read = readText(setting.file);
  if (read.kind === "unreadable")
    return { path: [...path, "file"], message: `${setting.file} cannot be read (${read.code})` };
  const text = read.text.trim();
  return text === ""
    ? { path: [...path, "file"], message: `${setting.file} is empty` }
    : new Secret(text);
}
