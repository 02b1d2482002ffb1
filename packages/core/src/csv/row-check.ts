/**
 * Holds the values of each record against the types of their fields, on the bytes of those columns
 * alone. A record comes here only after the scanner and the field count have passed it.
 */
import type { FieldType, ObjectSchema } from "../connector-catalogue.ts";
import type { FindingRule, FindingsLog, PreflightSettings } from "../preflight.ts";
import type { Operation } from "../target.ts";
import type { BytesOfRecord } from "./record-bytes.ts";
import type { ScannedRecord } from "./record-scanner.ts";
import { type ValueSyntax, valueSyntax } from "./value-syntax.ts";

/**
 * Takes the key of a record that has one, without its quotes, and the line on which the record
 * begins. The bytes are valid during the call only.
 */
export type TakeKey = (key: Uint8Array, line: number) => void;

export interface RowCheckOptions {
  readonly operation: Operation;
  /** Column names in file order; not looked at for delete. */
  readonly columns: readonly string[];
  /** Undefined where it is not known: then only a delete's columns can be checked. */
  readonly schema: Pick<ObjectSchema, "fields" | "primaryKey"> | undefined;
  readonly settings: PreflightSettings;
  readonly findings: FindingsLog;
  /** Called for each key if `settings.duplicates`. */
  readonly onKey: TakeKey;
}

/** Checks the records of one load. */
export interface RowCheck {
  /** Where the scanner writes how far each comma lies behind its record's first byte. */
  readonly commas: Int32Array;
  /** Adds what is wrong with the record of the file `uri` to the findings. */
  check(uri: string, record: ScannedRecord, where: BytesOfRecord): void;
}

interface CheckedColumn {
  readonly index: number;
  /** As findings name it. */
  readonly name: string;
  readonly isKey: boolean;
  /** Found where there is no value. */
  readonly empty: FindingRule | undefined;
  /** What is found where the value is not of the column's type. */
  readonly invalid: JudgeValue | undefined;
}

type JudgeValue = (...value: Parameters<ValueSyntax>) => FindingRule | undefined;

/** The check that these settings ask for; undefined where no column needs one. */
export function createRowCheck(options: RowCheckOptions): RowCheck | undefined {
  const { findings, onKey } = options;
  const { values, duplicates } = options.settings;
  const columns = (options.operation === "delete" ? deleteColumns : upsertColumns)(options).filter(
    ({ isKey, empty, invalid }) =>
      (values && (empty !== undefined || invalid !== undefined)) || (duplicates && isKey),
  );
  const last = columns.at(-1);
  if (last === undefined) return undefined;
  const commas = new Int32Array(last.index + 1);

  return {
    commas,
    check(uri, record, { bytes, base }) {
      const start = record.start - base;
      for (const { index, name, isKey, empty, invalid } of columns) {
        if (index >= record.fields) return;
        let from = index === 0 ? start : start + (commas[index - 1] ?? 0) + 1;
        let to =
          index + 1 < record.fields
            ? start + (commas[index] ?? 0)
            : record.end - base - record.lineEnd.length;
        const isQuoted = from < to && bytes[from] === quote;
        if (isQuoted) {
          from++;
          to--;
        }
        if (values) {
          const rule = from === to ? empty : invalid?.(bytes, from, to);
          if (rule !== undefined) findings.add({ rule, uri, line: record.line, column: name });
        }
        if (duplicates && isKey && from < to) {
          const key = bytes.subarray(from, to);
          onKey(isQuoted ? withoutDoubledQuotes(key) : key, record.line);
        }
      }
    },
  };
}

const quote = 0x22;

function upsertColumns({ columns, schema }: RowCheckOptions): readonly CheckedColumn[] {
  const types = new Map(schema?.fields.map(({ name, type }) => [name, type]));
  return columns.flatMap((name, index) => {
    const type = types.get(name);
    if (type === undefined) return [];
    const isKey = name === schema?.primaryKey;
    return { index, name, isKey, empty: isKey ? "key_empty" : undefined, invalid: invalidOf(type) };
  });
}

/** Source: "Upload Job Data": the first column is the key, the second, if any, a date-time. */
function deleteColumns({ schema }: RowCheckOptions): readonly CheckedColumn[] {
  const key = schema?.fields.find(({ name }) => name === schema.primaryKey);
  return [
    {
      index: 0,
      name: key?.name ?? "column 1",
      isKey: true,
      empty: "key_empty",
      invalid: invalidOf(key?.type ?? "text"),
    },
    {
      index: 1,
      name: "column 2",
      isKey: false,
      // A delete that is not dated later than the record is ignored.
      empty: "value_date_time",
      invalid: invalidOf("date-time"),
    },
  ];
}

function invalidOf(type: FieldType): JudgeValue | undefined {
  if (type === "text") return undefined;
  const takes = valueSyntax[type];
  const rule = ruleOf[type];
  return (text, from, to) => (takes(text, from, to) ? undefined : rule);
}

const ruleOf = {
  number: "value_number",
  boolean: "value_boolean",
  date: "value_date",
  "date-time": "value_date_time",
} as const satisfies Readonly<Record<keyof typeof valueSyntax, FindingRule>>;

/** The text of a quoted field: each two quotes in it are one. */
function withoutDoubledQuotes(field: Uint8Array): Uint8Array {
  if (!field.includes(quote)) return field;
  const text = new Uint8Array(field.length);
  let length = 0;
  for (let at = 0; at < field.length; at++) {
    const byte = field[at] ?? 0;
    text[length++] = byte;
    if (byte === quote) at++;
  }
  return text.subarray(0, length);
}
