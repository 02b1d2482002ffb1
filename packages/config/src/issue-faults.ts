/** The schema's complaints as faults: setting, value seen, values allowed. */
import { closestMatch } from "leven";
import type { z } from "zod";
import type { Fault } from "./fault.ts";
import { isSecret, isSingle, keysOf, type SettingPath, settingAt } from "./setting-tree.ts";

type Issue = z.core.$ZodIssue;

/** Texts of the complaints that the schema has no words of its own for. */
export const issueText: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "must be set"
        : `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "string"
        ? "must not be empty"
        : `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    default:
      return undefined;
  }
};

/**
 * Every fault of a value that the schema refuses, the first of each setting; an unknown key is a
 * fault of its own, with what may be meant.
 */
export function issueFaults(issues: readonly Issue[], value: unknown): readonly Fault[] {
  const faults = issues.flatMap((issue): readonly Fault[] => {
    const path = settingPath(issue.path);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(path, key) }));
    if (issue.code === "invalid_key")
      return [{ path, message: issue.issues[0]?.message ?? issue.message }];
    return [{ path, message: withSeen(issue.message, path, value) }];
  });
  const byPath = new Map(faults.toReversed().map((fault) => [JSON.stringify(fault.path), fault]));
  return [...byPath.values()].toReversed();
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a mapping (key: value)",
  record: "a mapping (name: …)",
  array: "a list",
};

function unitOf(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " long" : "";
}

function unknownKey(path: SettingPath, key: string): string {
  const keys = keysOf(settingAt(path));
  const meant = closestMatch(key, keys, { maxDistance: 3 });
  const advice = meant === undefined ? `there are ${keys.join(", ")}` : `did you mean ${meant}?`;
  return `is not a setting; ${advice}`;
}

/** Only what is known to be no secret is repeated, and of a URL not the login in it. */
function withSeen(message: string, path: SettingPath, root: unknown): string {
  const value = valueAt(root, path);
  if (value === undefined) return message;
  const setting = settingAt(path);
  const mayShow = isSingle(setting) && !isSecret(setting) && Object(value) !== value;
  return `${message} (seen: ${mayShow && value !== null ? shortened(value) : kindOf(value)})`;
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

function shortened(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const safe = value.replace(/\/\/[^/@\s]*@/, "//***@");
  return JSON.stringify(safe.length > 80 ? `${safe.slice(0, 80)}…` : safe);
}

function valueAt(root: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    root,
  );
}

function settingPath(path: readonly PropertyKey[]): SettingPath {
  return path.map((key) => (typeof key === "number" ? key : String(key)));
}
