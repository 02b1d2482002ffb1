/** Records that fit any schema, as CSV and as JSON. */

import type { FieldType, ObjectSchema, SchemaField } from "@headgate/core";
import { bytes } from "@headgate/core";
import type { UploadBody } from "../upload-body.ts";
import type { ConformanceTarget } from "./subject.ts";

/** The target's object in its schema. */
export function schemaOf({ schema, object }: ConformanceTarget): ObjectSchema {
  const found = schema.objects.get(object);
  if (found === undefined) throw new Error(`the schema has no object ${object}`);
  return found;
}

/** Record number `n` as values of the schema's types. */
export function record(schema: ObjectSchema, n: number): Record<string, string | number | boolean> {
  return Object.fromEntries(schema.fields.map((field) => [field.name, sampleOf(field, n)]));
}

/** Key of record number `n`. */
export function keyOf(schema: ObjectSchema, n: number): string {
  return String(record(schema, n)[schema.primaryKey]);
}

/** A CSV for upsert: the header and these records. */
export function upsertCsv(schema: ObjectSchema, ...numbers: readonly number[]): UploadBody {
  const header = schema.fields.map((field) => field.name);
  const rows = numbers.map((n) => Object.values(record(schema, n)).map(String));
  return csv([header, ...rows]);
}

/** A CSV for delete: keys and no header. */
export function deleteCsv(schema: ObjectSchema, ...numbers: readonly number[]): UploadBody {
  return csv(numbers.map((n) => [keyOf(schema, n)]));
}

/** A body of these rows, every value quoted. */
export function csv(rows: readonly (readonly string[])[]): UploadBody {
  const quoted = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
  const content = Buffer.from(`${quoted.join("\n")}\n`);
  return {
    bytes: bytes(content.byteLength),
    async *open() {
      yield content;
    },
  };
}

/** A value that a field of this type cannot hold. */
export function misfit(type: FieldType): unknown {
  return type === "text" ? 17 : "headgate-conformance";
}

function sampleOf({ name, type }: SchemaField, n: number): string | number | boolean {
  switch (type) {
    case "text":
      // With all that CSV has to quote.
      return `headgate-conformance ${n}: "${name}", \n second line`;
    case "number":
      return n;
    case "boolean":
      return n % 2 === 0;
    case "date":
      return "2026-07-17";
    case "date-time":
      return "2026-07-17T10:00:00.000Z";
  }
}
