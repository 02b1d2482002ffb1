/**
 * Settings from the environment. `HEADGATE__REDIS__URL` sets `redis.url`: words between double
 * underscores are the keys, written without regard to case and single underscores. Names of one's own
 * (connections, clients) are found the same way among those of the file; a new one is taken in lower
 * case with `-` for `_`. The value is text where the setting takes text, else YAML, such as
 * `["a", "b"]`. With `_FILE` at the end, the value is the path of a file that holds the text.
 */
import { parse } from "yaml";
import { readText } from "./read-text.ts";
import {
  keysOf,
  type Setting,
  type SettingPath,
  settingAt,
  takesNames,
  takesText,
} from "./setting-tree.ts";

/** Environment variables; an empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that a variable has given. */
export interface Override {
  readonly variable: string;
  readonly path: SettingPath;
  readonly value: unknown;
}

/** What the environment sets beside the file. */
export interface Overrides {
  readonly overrides: readonly Override[];
  /** Each with the variable that it is about in place of a path. */
  readonly faults: readonly { readonly variable: string; readonly message: string }[];
}

/** Names that stay short, for they are in every compose file. */
const shortNames: Readonly<Record<string, string>> = {
  HEADGATE_REDIS_URL: "HEADGATE__REDIS__URL",
  HEADGATE_REDIS_URL_FILE: "HEADGATE__REDIS__URL_FILE",
};

/** Reads the variables that set something; `file` is what headgate.yaml says, for the names in it. */
export function readOverrides(environment: Environment, file: unknown): Overrides {
  const overrides: Override[] = [];
  const faults: { variable: string; message: string }[] = [];
  for (const [variable, text] of Object.entries(environment).toSorted()) {
    if (text === undefined || text === "") continue;
    const name = shortNames[variable] ?? variable;
    if (!name.startsWith(prefix)) continue;
    try {
      const found = settingOf(name.slice(prefix.length).split("__"), file);
      const value = found.byFile ? textOf(text) : valueIn(text, settingAt(found.path));
      const before = overrides.find(({ path }) => path.join("\n") === found.path.join("\n"));
      if (before !== undefined) throw new Refusal(`sets the same as ${before.variable}`);
      overrides.push({ variable, path: found.path, value });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      faults.push({ variable, message: error.message });
    }
  }
  return { overrides, faults };
}

/** The file's settings with the overrides put over them; a longer path goes over a shorter one. */
export function withOverrides(file: unknown, overrides: readonly Override[]): unknown {
  return overrides
    .toSorted((a, b) => a.path.length - b.path.length)
    .reduce((root, { path, value }) => put(root, path, value), file);
}

const prefix = "HEADGATE__";

class Refusal extends Error {}

/** Walks down the schema, word by word. */
function settingOf(
  words: readonly string[],
  file: unknown,
): { readonly path: SettingPath; readonly byFile: boolean } {
  const path: string[] = [];
  let value = file;
  for (const [index, word] of words.entries()) {
    const setting = settingAt(path);
    const key = keyOf(word, { setting, value });
    if (key === undefined) {
      const stem = index === words.length - 1 ? /^(.+)_FILE$/i.exec(word)?.[1] : undefined;
      const own = stem === undefined ? undefined : keyOf(stem, { setting, value });
      if (own === undefined) throw new Refusal(unknownWord(path, word, setting));
      if (!takesText(settingAt([...path, own])))
        throw new Refusal(`${[...path, own].join(".")} takes no text that a file could hold`);
      return { path: [...path, own], byFile: true };
    }
    path.push(key);
    value = isRecord(value) ? value[key] : undefined;
  }
  return { path, byFile: false };
}

/** The key that a word means; undefined where it means none. */
function keyOf(
  word: string,
  { setting, value }: { readonly setting: Setting; readonly value: unknown },
): string | undefined {
  const own = keysOf(setting);
  const named = takesNames(setting) && isRecord(value) ? Object.keys(value) : [];
  const meant = [...own, ...named].filter((key) => plain(key) === plain(word));
  if (meant.length > 1) throw new Refusal(`"${word}" may mean ${meant.join(" or ")}`);
  if (meant.length === 1 || !takesNames(setting) || word === "") return meant[0];
  return word.toLowerCase().replaceAll("_", "-");
}

function unknownWord(path: SettingPath, word: string, setting: Setting): string {
  const place = path.length === 0 ? "headgate.yaml" : path.join(".");
  const keys = keysOf(setting);
  const there = keys.length === 0 ? "it is set as a whole" : `there are ${keys.join(", ")}`;
  return `names no setting: ${place} has no "${word}"; ${there}`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

function valueIn(text: string, setting: Setting): unknown {
  if (takesText(setting)) return text;
  try {
    return parse(text, { stringKeys: true, maxAliasCount: 0, logLevel: "error" });
  } catch {
    // The parser's words would repeat the value.
    throw new Refusal("is not YAML");
  }
}

function textOf(path: string): string {
  const read = readText(path);
  if (read.kind === "read") return read.text.trim();
  throw new Refusal(`names a file that cannot be read: ${path} (${read.code})`);
}

function put(root: unknown, [key, ...rest]: SettingPath, value: unknown): unknown {
  if (key === undefined) return value;
  // What should be a mapping and is not stays, for the schema to refuse.
  if (root !== undefined && root !== null && !isRecord(root)) return root;
  return { ...root, [key]: put(root?.[key], rest, value) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
