/**
 * Streaming: records and deletes accepted now, applied after the processing time.
 * Whether a record fits the schema is told only by `actions/test`; the upsert accepts it and drops
 * it later without a word, as the real API does.
 */

import type { ObjectSchema, SchemaField } from "@headgate/core";
import { after, type EpochMs, milliseconds } from "@headgate/core";
import type { EmulatorSettings } from "../settings.ts";
import type { FileRows, ObjectStore } from "./object-data.ts";
import { HashSum, hashRecord, hashText } from "./record-hash.ts";
import { refusal } from "./refusal.ts";
import { RowLog } from "./row-log.ts";

export type StreamedRecord = Readonly<Record<string, unknown>>;

/** One record's faults in the answer of `actions/test`. */
export interface ValidationFinding {
  readonly record: string;
  readonly causingExceptions: readonly string[];
}

interface Pending {
  readonly dueAt: EpochMs;
  readonly apply: () => void;
}

/** Streaming requests under way, and their limit. */
export class Streaming {
  readonly #settings: EmulatorSettings;
  readonly #objects: ObjectStore;
  #pending: Pending[] = [];
  #recent: EpochMs[] = [];

  constructor(settings: EmulatorSettings, objects: ObjectStore) {
    this.#settings = settings;
    this.#objects = objects;
  }

  /** Counts one request against the limit per second; refuses with 429. */
  admit(now: EpochMs): void {
    this.#recent = this.#recent.filter((at) => at > now - 1000);
    const { maxStreamingRequestsPerSecond } = this.#settings;
    if (this.#recent.length >= maxStreamingRequestsPerSecond) {
      const waitMs = milliseconds((this.#recent[0] ?? now) + 1000 - now);
      const message = `more than ${maxStreamingRequestsPerSecond} requests in a second`;
      throw refusal(429, message, { waitMs });
    }
    this.#recent.push(now);
  }

  upsert(
    sourceName: string,
    schema: ObjectSchema,
    records: readonly StreamedRecord[],
    now: EpochMs,
  ): void {
    const fitting = records.filter((record) => causingExceptions(schema, record).length === 0);
    const rows = fitting.map((record) => schema.fields.map(({ name }) => asText(record[name])));
    const keyIndex = schema.fields.findIndex(({ name }) => name === schema.primaryKey);
    const file = fileRows(rows, keyIndex);
    this.#schedule(now, () => {
      const data = this.#objects.of(sourceName, schema.name, this.#settings);
      data.stream("upsert", file, records.length - fitting.length);
    });
  }

  delete(sourceName: string, schema: ObjectSchema, ids: readonly string[], now: EpochMs): void {
    const { maxStreamingDeletes } = this.#settings;
    if (ids.length === 0 || ids.length > maxStreamingDeletes) {
      throw refusal(400, `${ids.length} ids given, 1 to ${maxStreamingDeletes} allowed`);
    }
    const file = fileRows(
      ids.map((id) => [id]),
      0,
    );
    this.#schedule(now, () => {
      const data = this.#objects.of(sourceName, schema.name, this.#settings);
      data.stream("delete", file, 0);
    });
  }

  /** Applies what is due. */
  settle(now: EpochMs): void {
    const due = this.#pending.filter(({ dueAt }) => dueAt <= now);
    if (due.length === 0) return;
    this.#pending = this.#pending.filter(({ dueAt }) => dueAt > now);
    for (const { apply } of due) apply();
  }

  #schedule(now: EpochMs, apply: () => void): void {
    const dueAt = after(now, milliseconds(this.#settings.processingMs));
    this.#pending.push({ dueAt, apply });
  }
}

/** The records that do not fit the schema, worded as the real API words them. */
export function validate(
  schema: ObjectSchema,
  records: readonly StreamedRecord[],
): readonly ValidationFinding[] {
  return records
    .map((record) => ({
      record: JSON.stringify(record),
      causingExceptions: causingExceptions(schema, record),
    }))
    .filter((finding) => finding.causingExceptions.length > 0);
}

function causingExceptions(schema: ObjectSchema, record: StreamedRecord): readonly string[] {
  const found: string[] = [];
  const names = new Set(schema.fields.map(({ name }) => name));
  for (const name of Object.keys(record)) {
    if (!names.has(name)) found.push(`#: extraneous key [${name}] is not permitted`);
  }
  for (const field of schema.fields) {
    const value = record[field.name];
    if (value === undefined) found.push(`#: required key [${field.name}] not found`);
    else if (value !== null) found.push(...typeFault(field, value));
  }
  return found;
}

function typeFault(field: SchemaField, value: unknown): readonly string[] {
  const expected = { text: "String", number: "Number", boolean: "Boolean" } as const;
  const found = typeName(value);
  if (field.type === "date" || field.type === "date-time") {
    if (typeof value !== "string")
      return [`#/${field.name}: expected type: String, found: ${found}`];
    const pattern = field.type === "date" ? datePattern : dateTimePattern;
    if (pattern.test(value)) return [];
    return [`#/${field.name}: [${value}] is not a valid ${field.type}`];
  }
  const wanted = expected[field.type];
  return found === wanted ? [] : [`#/${field.name}: expected type: ${wanted}, found: ${found}`];
}

/** yyyy-MM-dd. */
const datePattern = /^\d{4}-\d{2}-\d{2}$/;
/** ISO 8601 in UTC, milliseconds optional; also what the second column of a delete file holds. */
export const dateTimePattern: RegExp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "JSONArray";
  switch (typeof value) {
    case "string":
      return "String";
    case "number":
      return "Number";
    case "boolean":
      return "Boolean";
    default:
      return "JSONObject";
  }
}

function asText(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function fileRows(rows: readonly (readonly string[])[], keyIndex: number): FileRows {
  const log = new RowLog();
  const hash = new HashSum();
  for (const fields of rows) {
    const record = hashRecord(fields);
    hash.add(record.high, record.low);
    log.push(hashText(fields[keyIndex] ?? ""), record);
  }
  return { rows: rows.length, hash, log };
}
