/** The reference of headgate.yaml, off its JSON Schema: a table for each section of the file. */
import { configJsonSchema } from "@headgate/config";
import { code, table } from "./markdown.ts";

/** As much of JSON Schema as headgate.yaml's has. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** Settings by their path; NAME stands for a name of one's own, [] for the items of a list. */
export function settings(): string {
  const { properties = {}, required = [] }: Node = JSON.parse(JSON.stringify(configJsonSchema()));
  const single: (readonly string[])[] = [];
  const sections: string[] = [];
  for (const [key, section] of Object.entries(properties)) {
    const rows = rowsOf(section, { path: key, isRequired: required.includes(key) });
    if (rows.length === 1) single.push(...rows);
    else sections.push(`### ${key}\n\n${section.description ?? ""}\n\n${tableOf(rows)}`);
  }
  return [...sections, `### Others\n\n${tableOf(single)}`].join("\n\n");
}

function tableOf(rows: readonly (readonly string[])[]): string {
  return table(["setting", "value", "default", "meaning"], rows);
}

/** One row for a setting with a value of its own, else those of its children. */
function rowsOf(
  setting: Node,
  { path, isRequired }: { readonly path: string; readonly isRequired: boolean },
): readonly (readonly string[])[] {
  const { properties, required = [], additionalProperties, items } = setting;
  if (properties !== undefined)
    return Object.entries(properties).flatMap(([key, child]) =>
      rowsOf(child, { path: `${path}.${key}`, isRequired: required.includes(key) }),
    );
  if (typeof additionalProperties === "object")
    return rowsOf(additionalProperties, { path: `${path}.NAME`, isRequired: false });
  if (items?.properties !== undefined) return rowsOf(items, { path: `${path}[]`, isRequired });
  return [
    [code(path), allowedIn(setting), defaultOf(setting, isRequired), setting.description ?? ""],
  ];
}

function allowedIn({ type, enum: choices, minimum, maximum, format, items, anyOf }: Node): string {
  if (choices !== undefined)
    return choices.map((choice) => code(JSON.stringify(choice))).join(", ");
  if (anyOf !== undefined) return [...new Set(anyOf.map(alternativeOf))].join(" or ");
  if (items !== undefined) return `list of ${allowedIn(items)}`;
  if (type === "integer") return `${minimum} to ${maximum}`;
  if (type === "boolean") return "true, false";
  return format === "path" ? "path" : "text";
}

/** `{file: path}` and the like. */
function alternativeOf(alternative: Node): string {
  const { properties } = alternative;
  if (properties === undefined) return allowedIn(alternative);
  const fields = Object.entries(properties).map(([key, child]) => `${key}: ${allowedIn(child)}`);
  return code(`{${fields.join(", ")}}`);
}

function defaultOf(setting: Node, isRequired: boolean): string {
  if (isRequired) return "required";
  return setting.default === undefined ? "" : code(JSON.stringify(setting.default));
}
