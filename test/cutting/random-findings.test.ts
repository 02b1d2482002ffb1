/** Findings of random tables against a model: csv-parse, regular expressions and the language's calendar. */
import {
  createFindingsLog,
  createPartPlanner,
  defaultPreflight,
  type FieldType,
  type Finding,
  type Findings,
  type ObjectSchema,
} from "@headgate/core";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";

const schema: ObjectSchema = {
  name: "orders",
  primaryKey: "key",
  fields: [
    { name: "text", type: "text" },
    { name: "key", type: "text" },
    { name: "number", type: "number" },
    { name: "boolean", type: "boolean" },
    { name: "date", type: "date" },
    { name: "instant", type: "date-time" },
  ],
};

const valid: Readonly<Record<FieldType, (value: string) => boolean>> = {
  text: () => true,
  number: (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  boolean: (value) => value === "true" || value === "false",
  date: isDate,
  "date-time": (value) =>
    isDate(value.slice(0, 10)) &&
    /^T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{3})?Z$/.test(value.slice(10)),
};

function isDate(value: string): boolean {
  const instant = new Date(`${value}T00:00:00Z`);
  return (
    /^\d{4}-\d\d-\d\d$/.test(value) &&
    !value.startsWith("0000") &&
    !Number.isNaN(instant.getTime()) &&
    instant.toISOString().startsWith(value)
  );
}

const rules = {
  text: undefined,
  number: "value_number",
  boolean: "value_boolean",
  date: "value_date",
  "date-time": "value_date_time",
} as const;

/** What csv-parse sees, each record with the physical line that it begins on. */
function recordsOf(csv: Buffer): readonly { readonly line: number; readonly cells: string[] }[] {
  const text = csv.toString();
  let end = 0;
  const records: { readonly line: number; readonly cells: string[] }[] = [];
  parse(csv, {
    bom: true,
    skip_empty_lines: true,
    on_record: (cells: string[], { bytes }) => {
      const before = Buffer.from(text).subarray(0, end).toString();
      const blank = /^[\r\n\ufeff]*/.exec(csv.subarray(end, bytes).toString())?.[0] ?? "";
      records.push({ line: `${before}${blank}`.split("\n").length, cells });
      end = bytes;
      return cells;
    },
  });
  return records;
}

function model(uri: string, csv: Buffer): readonly Finding[] {
  const [header, ...records] = recordsOf(csv);
  return records.flatMap(({ line, cells }) =>
    cells.flatMap((value, index): Finding[] => {
      const field = schema.fields.find(({ name }) => name === header?.cells[index]);
      if (field === undefined) return [];
      const { name: column, type } = field;
      if (value === "") return column === "key" ? [{ rule: "key_empty", uri, line, column }] : [];
      const rule = rules[type];
      return rule === undefined || valid[type](value) ? [] : [{ rule, uri, line, column }];
    }),
  );
}

function findingsOf(files: readonly Buffer[], chunkSizes: readonly number[]): Findings {
  const findings = createFindingsLog("warn");
  const planner = createPartPlanner({
    operation: "upsert",
    header: "present",
    schema,
    preflight: { settings: { ...defaultPreflight, policy: "warn" }, findings, onKey: () => {} },
    onPart: () => {},
  });
  let turn = 0;
  for (const [index, file] of files.entries()) {
    planner.beginSource({ uri: `file:///${index}` });
    for (let at = 0; at < file.length; ) {
      const chunk = Buffer.from(
        file.subarray(at, at + (chunkSizes[turn++ % chunkSizes.length] ?? 1)),
      );
      planner.push(chunk);
      at += chunk.length;
      chunk.fill(0x22);
    }
    planner.endSource();
  }
  planner.end();
  return findings.findings();
}

const value = fc.oneof(
  fc.constantFrom("", "1", "-1.5e3", "1,5", "true", "True", "2024-02-29", "2023-02-29", "x"),
  fc.constantFrom("2024-02-29T10:00:00Z", "2024-02-29T10:00:00.5Z", "2024-02-29T10:00:00.500Z"),
  fc.string({
    unit: fc.constantFrom("1", "e", "é", '"', ",", "\n", "\r\n", "-", " "),
    maxLength: 4,
  }),
);
const cell = fc.tuple(value, fc.boolean()).map(([text, quoted]) => {
  return quoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
});
const names = fc.shuffledSubarray([...schema.fields.map(({ name }) => name), "unknown"], {
  minLength: 7,
});
const table = names.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(cell, { minLength: 7, maxLength: 7 }), { minLength: 1, maxLength: 6 }),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    blank: fc.nat({ max: 2 }),
    mark: fc.constantFrom("", "\ufeff"),
    finalLineEnd: fc.boolean(),
  }),
);

test("findings are those of a model, whatever the quoting, the chunks and the columns' order", () => {
  fc.assert(
    fc.property(
      table,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      ({ columns, rows, lineEnd, blank, mark, finalLineEnd }, chunkSizes) => {
        const lines = [columns, ...rows].map((cells) => cells.join(","));
        const text = lines.join(lineEnd + lineEnd.repeat(blank)) + (finalLineEnd ? lineEnd : "");
        const files = [Buffer.from(mark + text), Buffer.from(lineEnd.repeat(blank) + text)];
        const expected = files.flatMap((file, index) => model(`file:///${index}`, file));
        const { findings } = findingsOf(files, chunkSizes);
        expect(findings.filter(({ rule }) => rule !== "column_unknown")).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
