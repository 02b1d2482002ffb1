/**
 * The schema file of an Ingestion API connector: OpenAPI 3.0.x in YAML, of which only the
 * properties under `components.schemas` count.
 * Source of every rule: "Requirements for Ingestion API Schema File".
 */
import {
  apiNamePattern,
  BulkError,
  type FieldType,
  type ObjectSchema,
  reservedFieldNames,
  type SchemaField,
} from "@headgate/core";
import { isMap, LineCounter, parseDocument, type Scalar } from "yaml";
import { z } from "zod";

/** The objects of one connector by name. Never empty. */
export interface ConnectorSchema {
  readonly objects: ReadonlyMap<string, ObjectSchema>;
}

/** A rule that a schema file breaks. */
export interface SchemaFault {
  /** Line of the object, the field or whatever else is wrong, from 1. */
  readonly line: number;
  readonly object?: string;
  readonly field?: string;
  readonly rule: string;
}

/** "Objects can't have more than 1000 fields." */
export const maxFieldsPerObject = 1000;

/**
 * Reads a connector's schema file and finds every fault in it; what is without fault is among the
 * objects. A property of type `integer` counts as a number, a string of a format other than date and
 * date-time as text.
 */
export function readConnectorSchema(
  yamlText: string,
): ConnectorSchema & { readonly faults: readonly SchemaFault[] } {
  const file = readFile(yamlText);
  if (file.kind === "unreadable") return { objects: new Map(), faults: [file.fault] };
  const faults: SchemaFault[] = [];
  const { lineOf } = file;
  if (!/^3\.0\.\d+$/.test(file.openapi)) {
    const rule = `openapi must be 3.0.x, not ${quote(file.openapi)}`;
    faults.push({ line: lineOf("openapi"), rule });
  }
  if (file.schemas.size === 0) {
    const rule = "components.schemas must hold an object";
    faults.push({ line: lineOf("components", "schemas"), rule });
  }
  const objects = new Map<string, ObjectSchema>();
  for (const [name, value] of file.schemas) {
    const found: Fault[] = [];
    objects.set(name, readObject(name, value, found));
    for (const fault of found) {
      const field = fault.field === undefined ? [] : ["properties", fault.field];
      faults.push({ line: lineOf("components", "schemas", name, ...field), ...fault });
    }
  }
  return { objects, faults };
}

/**
 * The objects of a schema file without fault. Throws ERR_SCHEMA_INVALID with every fault found: the
 * message lists object, field and rule of each, the fields `object`, `field` and `rule` are those of
 * the first, `faults` is their number.
 */
export function parseConnectorSchema(yamlText: string): ConnectorSchema {
  const { objects, faults } = readConnectorSchema(yamlText);
  if (faults.length > 0) throw schemaInvalid(faults);
  return { objects };
}

/** A fault as a person reads it, without its line. */
export function describeSchemaFault({ object, field, rule }: SchemaFault): string {
  const parts: string[] = [];
  if (object !== undefined) parts.push(`object ${quote(object)}`);
  if (field !== undefined) parts.push(`field ${quote(field)}`);
  return parts.length === 0 ? rule : `${parts.join(", ")}: ${rule}`;
}

type Fault = Omit<SchemaFault, "line">;

const nameRule = "name must be 1 to 80 characters of a-z, A-Z, 0-9, _ and -";
const maxFaultsListed = 50;

// Maps keep the file's order even where a key looks like an array index, which objects do not.
const yamlMap = z.map(z.string(), z.unknown());
const mapOrNothing = yamlMap.catch(() => new Map<string, unknown>());
const textOrNothing = z.string().catch("");

type SchemaFile =
  | {
      readonly kind: "read";
      readonly openapi: string;
      readonly schemas: ReadonlyMap<string, unknown>;
      /** Line of what stands at these keys, or of the nearest above it that is there. */
      readonly lineOf: (...keys: readonly string[]) => number;
    }
  | { readonly kind: "unreadable"; readonly fault: SchemaFault };

function readFile(yamlText: string): SchemaFile {
  const lines = new LineCounter();
  // The failsafe schema reads every scalar as text, so `3.0.1`, `123` and `no` stay what was written.
  const document = parseDocument(yamlText, { schema: "failsafe", lineCounter: lines });
  const lineOf = (...keys: readonly string[]): number => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const key of keys) {
      const pair = isMap<Scalar, unknown>(node)
        ? node.items.find((item) => item.key.value === key)
        : undefined;
      if (pair === undefined) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    }
    return Math.max(1, lines.linePos(offset).line);
  };
  const parseError = document.errors[0];
  if (parseError !== undefined) {
    const { line } = lines.linePos(parseError.pos[0]);
    const rule = `not YAML: ${parseError.code} in line ${line}`;
    return { kind: "unreadable", fault: { line, rule } };
  }
  let content: unknown;
  try {
    content = document.toJS({ mapAsMap: true, maxAliasCount: 100 });
  } catch {
    const rule = "not YAML: an alias is unknown or repeated too often";
    return { kind: "unreadable", fault: { line: 1, rule } };
  }
  const root = mapOrNothing.parse(content);
  const components = mapOrNothing.parse(root.get("components"));
  return {
    kind: "read",
    openapi: textOrNothing.parse(root.get("openapi")),
    schemas: mapOrNothing.parse(components.get("schemas")),
    lineOf,
  };
}

function readObject(name: string, value: unknown, faults: Fault[]): ObjectSchema {
  if (!apiNamePattern.test(name)) faults.push({ object: name, rule: `object ${nameRule}` });
  const content = mapOrNothing.parse(value);
  const properties = mapOrNothing.parse(content.get("properties"));
  if (properties.size < 1 || properties.size > maxFieldsPerObject) {
    const rule = `an object must have 1 to ${maxFieldsPerObject} fields, not ${properties.size}`;
    faults.push({ object: name, rule });
  }
  const fields: SchemaField[] = [];
  for (const [field, type] of properties) {
    for (const rule of fieldNameFaults(field)) faults.push({ object: name, field, rule });
    fields.push({ name: field, type: readType(name, field, type, faults) });
  }
  const primaryKey = content.has("x-primary-key")
    ? textOrNothing.parse(content.get("x-primary-key"))
    : (fields[0]?.name ?? "");
  if (fields.length > 0 && !properties.has(primaryKey)) {
    faults.push({ object: name, field: primaryKey, rule: "x-primary-key must name a field" });
  }
  return { name, fields, primaryKey };
}

function fieldNameFaults(field: string): string[] {
  const rules: string[] = [];
  if (!apiNamePattern.test(field)) rules.push(`field ${nameRule}`);
  if (field.includes("__")) rules.push('field name must not contain "__"');
  if (reservedFieldNames.has(field)) rules.push("field name is reserved");
  return rules;
}

function readType(object: string, field: string, value: unknown, faults: Fault[]): FieldType {
  const content = mapOrNothing.parse(value);
  const type = textOrNothing.parse(content.get("type"));
  const format = textOrNothing.parse(content.get("format"));
  switch (type) {
    case "string":
      return format === "date" || format === "date-time" ? format : "text";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "object":
    case "array":
      faults.push({ object, field, rule: `fields must not be nested, type is ${type}` });
      return "text";
    default: {
      const seen = content.has("$ref") ? "a $ref" : quote(type);
      faults.push({ object, field, rule: `type must be string, number or boolean, not ${seen}` });
      return "text";
    }
  }
}

function schemaInvalid(faults: readonly SchemaFault[]): BulkError {
  const listed = faults.slice(0, maxFaultsListed).map(describeSchemaFault);
  const unlisted = faults.length - listed.length;
  if (unlisted > 0) listed.push(`${unlisted} more`);
  return new BulkError("ERR_SCHEMA_INVALID", `connector schema: ${listed.join("; ")}`, {
    fields: { ...faults[0], faults: faults.length },
  });
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
