/**
 * The tree of settings, read off the schema, for all that goes by a setting's path: environment
 * variables, relative paths, secrets, spelling.
 */
import { z } from "zod";
import { configSchema } from "./schema.ts";

/** Where a setting stands in headgate.yaml. */
export type SettingPath = readonly (string | number)[];

/** The shapes that a setting may have; none where there is no such setting. */
export type Setting = readonly z.core.JSONSchema.BaseSchema[];

const root: Setting = shapes(z.toJSONSchema(configSchema, { io: "input" }));

/** The setting at a path; names of connections and the like are as in the file. */
export function settingAt(path: SettingPath): Setting {
  return path.reduce<Setting>(childOf, root);
}

/** The setting's own keys; none where it takes names of one's own, a list or a single value. */
export function keysOf(setting: Setting): readonly string[] {
  return setting.flatMap(({ properties = {} }) => Object.keys(properties));
}

/** Whether its keys are names of one's own. */
export function takesNames(setting: Setting): boolean {
  return setting.some(({ propertyNames }) => propertyNames !== undefined);
}

/** Whether it is a single value. */
export function isSingle(setting: Setting): boolean {
  return setting.length > 0 && setting.every(({ type }) => type !== "object" && type !== "array");
}

/** Whether it may be written as text. */
export function takesText(setting: Setting): boolean {
  return setting.some(({ type }) => type === "string");
}

/** Whether its value must not be shown. */
export function isSecret(setting: Setting): boolean {
  return setting.some(({ writeOnly }) => writeOnly === true);
}

/** The value with its relative paths beginning at `folder`. */
export function withAbsolutePaths(
  value: unknown,
  resolve: (path: string) => string,
  setting: Setting = root,
): unknown {
  if (typeof value === "string")
    return setting.some(({ format }) => format === "path") && value !== "none"
      ? resolve(value)
      : value;
  if (Array.isArray(value))
    return value.map((item, index) => withAbsolutePaths(item, resolve, childOf(setting, index)));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      withAbsolutePaths(child, resolve, childOf(setting, key)),
    ]),
  );
}

function childOf(setting: Setting, key: string | number): Setting {
  return setting.flatMap(({ properties, additionalProperties, items }) => {
    if (typeof key === "number") return items === undefined ? [] : shapes(items);
    const own = properties !== undefined && Object.hasOwn(properties, key) && properties[key];
    return shapes(own || additionalProperties || false);
  });
}

type Node = z.core.JSONSchema._JSONSchema | readonly z.core.JSONSchema._JSONSchema[];

function shapes(node: Node): Setting {
  if (typeof node === "boolean") return [];
  if (Array.isArray(node)) return node.flatMap(shapes);
  const { anyOf, oneOf } = node as z.core.JSONSchema.BaseSchema;
  const alternatives = anyOf ?? oneOf;
  return alternatives === undefined
    ? [node as z.core.JSONSchema.BaseSchema]
    : alternatives.flatMap(shapes);
}
