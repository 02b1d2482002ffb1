/**
 * The header line of a CSV file: its column names, and what must hold of them before any record
 * is sent. A file without a header makes its first record look like one, so an error prints a
 * name only where the schema vouches for the header; else it gives the column's number.
 */
import { type ObjectSchema, reservedFieldNames } from "../connector-catalogue.ts";
import { BulkError, type ErrorCode } from "../errors.ts";
import type { Finding, PreflightPolicy } from "../preflight.ts";
import { apiNamePattern, type Operation } from "../target.ts";

/** The header of one file. */
export interface CsvHeader {
  readonly uri: string;
  /** Number of the physical line it stands on, from 1. */
  readonly line: number;
  readonly columns: readonly string[];
}

/** A header and what it is held against. */
export interface HeaderCheck extends CsvHeader {
  readonly operation: Operation;
  /** Undefined: the schema is unknown and names are not held against it. */
  readonly schema: HeaderSchema | undefined;
  /** What becomes of missing and unknown columns. */
  readonly policy: PreflightPolicy;
}

/** What a header is held against. */
export type HeaderSchema = Pick<ObjectSchema, "fields" | "primaryKey">;

/**
 * The field values of one record, unquoted. The record must be one that the scanner has passed;
 * its line end may be there or not.
 */
export function parseRecord(record: string): readonly string[] {
  const values: string[] = [];
  let at = 0;
  for (;;) {
    let value = "";
    if (record[at] === '"') {
      for (at++; record[at] !== '"' || record[at + 1] === '"'; at++) {
        if (at >= record.length) throw new TypeError("a record with an unclosed quote");
        value += record[at];
        if (record[at] === '"') at++;
      }
      at++;
    } else {
      const from = at;
      // After the end, charAt gives "", which every text includes.
      while (!",\r\n".includes(record.charAt(at))) at++;
      value = record.slice(from, at);
    }
    values.push(value);
    if (record[at] !== ",") return values;
    at++;
  }
}

/**
 * Holds a header against the rules and, for upsert with a schema, against the schema's fields, in
 * any order. A delete header is only dropped, so its names are free, but where its first one is a
 * field of the schema, that field must be the key.
 *
 * Answers the missing and the unknown columns under the policy `warn`. Throws BulkError, fields
 * `uri`, `line` and `column` or `columns`: ERR_CSV_COLUMN_EMPTY, ERR_CSV_COLUMN_DOUBLED,
 * ERR_CSV_COLUMN_RESERVED, ERR_CSV_DELETE_LAYOUT; under `refuse`, and where no column is a field
 * of the schema, ERR_CSV_COLUMN_MISSING and ERR_CSV_COLUMN_UNKNOWN.
 *
 * Source: "Create a Job" (every schema field must be present), "Bulk Ingestion" (columns without a
 * field are dropped silently), "Upload Job Data" (delete has one or two columns).
 */
export function checkHeader(check: HeaderCheck): readonly Finding[] {
  const { columns, uri, line, operation, schema } = check;
  if (operation === "delete") checkDeleteLayout({ uri, line }, columns.length);
  checkNames(check);
  if (schema === undefined) return [];
  if (operation === "delete") {
    checkKeyFirst(check, schema);
    return [];
  }
  const fields = new Set(schema.fields.map(({ name }) => name));
  const present = new Set(columns);
  const missing = [...fields].filter((field) => !present.has(field));
  const unknown = columns.flatMap((column, index) => (fields.has(column) ? [] : [index]));
  const isNone = unknown.length === columns.length;
  if (check.policy === "refuse" || isNone) refuseColumns(check, missing, unknown);
  return [
    ...missing.map((column): Finding => ({ rule: "column_missing", uri, line, column })),
    ...unknown.map((index): Finding => {
      return { rule: "column_unknown", uri, line, column: printableName(check, index) };
    }),
  ];
}

/** Each column has a name, of its own, that a field may have. */
function checkNames(check: HeaderCheck): void {
  const { columns, operation } = check;
  const empty = columns.indexOf("");
  if (empty >= 0) {
    throw headerError("ERR_CSV_COLUMN_EMPTY", check, `column ${empty + 1} has no name`, {
      column: empty + 1,
    });
  }
  const seen = new Map<string, number>();
  for (const [index, column] of columns.entries()) {
    const first = seen.get(column);
    if (first !== undefined) {
      const name = printable(check, [index]);
      throw headerError(
        "ERR_CSV_COLUMN_DOUBLED",
        check,
        `${name} has the same name as column ${first + 1}`,
        { column: name, first: first + 1 },
      );
    }
    seen.set(column, index);
  }
  const reserved = columns.find((column) => reservedFieldNames.has(column));
  if (operation === "upsert" && reserved !== undefined) {
    throw headerError("ERR_CSV_COLUMN_RESERVED", check, `no field may have the name ${reserved}`, {
      column: reserved,
    });
  }
}

/** A delete whose first column is another field than the key would delete other records, or none. */
function checkKeyFirst(check: HeaderCheck, { fields, primaryKey }: HeaderSchema): void {
  const [first = ""] = check.columns;
  if (first === primaryKey || !fields.some(({ name }) => name === first)) return;
  throw headerError(
    "ERR_CSV_DELETE_LAYOUT",
    check,
    `column 1 is ${first}, not the primary key ${primaryKey}`,
    { columnSeen: first, columnAllowed: primaryKey },
  );
}

function refuseColumns(
  check: HeaderCheck,
  missing: readonly string[],
  unknown: readonly number[],
): void {
  if (missing.length > 0) {
    const isNone = unknown.length === check.columns.length;
    const hint = isNone ? " (is the header line itself missing?)" : "";
    const names = list(missing);
    throw headerError("ERR_CSV_COLUMN_MISSING", check, `lacks ${names}${hint}`, { columns: names });
  }
  if (unknown.length > 0) {
    const names = printable(check, unknown);
    throw headerError("ERR_CSV_COLUMN_UNKNOWN", check, `the schema has no ${names}`, {
      columns: names,
    });
  }
}

/**
 * Throws ERR_CSV_DELETE_LAYOUT unless a delete file has a key column, or a key and a date-time.
 * Fields `uri`, `line`, `columnsSeen`, `columnsAllowed`.
 */
export function checkDeleteLayout(place: { uri: string; line: number }, columns: number): void {
  if (columns <= 2) return;
  throw new BulkError(
    "ERR_CSV_DELETE_LAYOUT",
    `${place.uri}: line ${place.line} has ${columns} columns; a delete file has 1 (key) or 2 (key, date-time)`,
    { fields: { ...place, columnsSeen: columns, columnsAllowed: 2 } },
  );
}

/**
 * Whether a first record is the schema's header: each of its fields is the name of a field, case
 * included.
 */
export function isHeader(columns: readonly string[], schema: HeaderSchema): boolean {
  const fields = new Set(schema.fields.map(({ name }) => name));
  return columns.every((column) => fields.has(column));
}

/** ERR_CSV_DELETE_LAYOUT: a header stands where the load says that there is none. */
export function headerAmongData({ uri, line }: CsvHeader): BulkError {
  return headerError(
    "ERR_CSV_DELETE_LAYOUT",
    { uri, line },
    'it names fields of the schema, but the load says header "absent"; say "detect" or "present"',
    {},
  );
}

/**
 * Throws ERR_CSV_HEADER_DIFFERS unless both headers have the same names in the same order. Fields
 * `uri`, `line`, `firstUri` and `column`, the number of the first column that differs, from 1.
 */
export function checkSameHeader(first: CsvHeader, other: CsvHeader): void {
  const length = Math.max(first.columns.length, other.columns.length);
  for (let index = 0; index < length; index++) {
    if (first.columns[index] === other.columns[index]) continue;
    const column = index + 1;
    throw headerError(
      "ERR_CSV_HEADER_DIFFERS",
      other,
      `column ${column} is not that of ${first.uri}; all files of a load have one header`,
      { firstUri: first.uri, column },
    );
  }
}

function printable(check: HeaderCheck, indexes: readonly number[]): string {
  const shown = indexes.slice(0, maxListed).map((index) => printableName(check, index));
  return list(shown, indexes.length);
}

/** A column by name where at least one is a schema field, which shows a header, else by number. */
function printableName({ columns, schema }: HeaderCheck, index: number): string {
  const name = columns[index] ?? "";
  const vouched = schema?.fields.some((field) => columns.includes(field.name)) ?? false;
  return vouched && apiNamePattern.test(name) ? name : `column ${index + 1}`;
}

const maxListed = 10;
function list(names: readonly string[], count = names.length): string {
  const more = count > maxListed ? ` and ${count - maxListed} more` : "";
  return names.slice(0, maxListed).join(", ") + more;
}

function headerError(
  code: ErrorCode,
  { uri, line }: Pick<CsvHeader, "uri" | "line">,
  what: string,
  fields: Readonly<Record<string, string | number>>,
): BulkError {
  return new BulkError(code, `${uri}: header at line ${line}: ${what}`, {
    fields: { uri, line, ...fields },
  });
}
