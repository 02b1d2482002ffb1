import { describe, expect, test } from "vitest";
import type { ObjectSchema } from "../connector-catalogue.ts";
import { createFindingsLog } from "../preflight.ts";
import { planLoad } from "./plan-load.test-support.ts";
import { createRowCheck } from "./row-check.ts";

const schema: ObjectSchema = {
  name: "orders",
  primaryKey: "id",
  fields: [
    { name: "id", type: "text" },
    { name: "amount", type: "number" },
    { name: "paid", type: "boolean" },
    { name: "due", type: "date" },
    { name: "at", type: "date-time" },
    { name: "note", type: "text" },
  ],
};
const header = "id,amount,paid,due,at,note";

/** Findings as `line rule column`. */
function found(file: string, options: Parameters<typeof planLoad>[1] = {}): readonly string[] {
  const { findings } = planLoad([file], { schema, ...options });
  return findings.findings.map(({ line, rule, column }) => `${line} ${rule} ${column}`);
}

describe("values of an upsert", () => {
  test("are held against the types of their fields, by record and column", () => {
    const records = ["a,1,true,2024-01-31,2024-01-31T00:00:00Z,x", "b,1x,TRUE,31.1.24,2024-01-31,"];
    expect(found([header, ...records].join("\n"))).toEqual([
      "3 value_number amount",
      "3 value_boolean paid",
      "3 value_date due",
      "3 value_date_time at",
    ]);
  });

  test("may be empty but for the key, quoted or not", () => {
    expect(found(`${header}\na,,,,,\nb,"","","","",""\n,1,,,,\n"",1,,,,`)).toEqual([
      "4 key_empty id",
      "5 key_empty id",
    ]);
  });

  test("are read without their quotes", () => {
    expect(
      found(`${header}\n"a","1.5","true","2024-01-31","2024-01-31T00:00:00.000Z","x,""y"""`),
    ).toEqual([]);
    expect(found(`${header}\na,"1""",true,,,\nb,"1\n2",,,,\nc,"1,5",,,,\n`)).toEqual([
      "2 value_number amount",
      "3 value_number amount",
      "5 value_number amount",
    ]);
  });

  test("are found by the header's order, the last column with either line end or none", () => {
    for (const end of ["\n", "\r\n"])
      expect(
        found(["note,at,due,paid,id,amount", "x,,,,a,1", ",,,,,x", "x,,,,a,z"].join(end)),
      ).toEqual(["3 key_empty id", "3 value_number amount", "4 value_number amount"]);
  });

  test("have the file and the physical line of their record", () => {
    const files = [`${header}\na,1,,,,"two\nlines"\n`, `\n${header}\n\na,x,,,,\n`];
    const { findings } = planLoad(files, { schema });
    expect(findings).toEqual({
      policy: "refuse",
      counts: { value_number: 1 },
      findings: [{ rule: "value_number", uri: "file:///1", line: 4, column: "amount" }],
    });
  });

  test("are not looked at where the setting or the schema says so", () => {
    const file = `${header}\n,x,x,x,x,x\n`;
    expect(found(file, { preflight: { values: false } })).toEqual([]);
    expect(found(file, { schema: undefined })).toEqual([]);
  });

  test("of missing columns are not missed where the policy warns", () => {
    expect(found("id,amount,extra\na,x,y\n", { preflight: { policy: "warn" } })).toEqual([
      "1 column_missing paid",
      "1 column_missing due",
      "1 column_missing at",
      "1 column_missing note",
      "1 column_unknown extra",
      "2 value_number amount",
    ]);
  });

  test("are the same however records go over chunks, long ones included", () => {
    const long = "y".repeat(70_000);
    const file = `\ufeff${header}\r\na,1,x,,,"${long}\r\n${long}"\r\nb,"${long}",,2024-02-30,,\r\nc,2`;
    for (const chunkBytes of [1, 2, 3, 5, 1000, 65_536, 1_000_000])
      expect(found(`${file},,,,`, { chunkBytes })).toEqual([
        "2 value_boolean paid",
        "4 value_number amount",
        "4 value_date due",
      ]);
  });
});

describe("columns of a delete", () => {
  const plan = (file: string, options: Parameters<typeof planLoad>[1] = {}) =>
    found(file, { operation: "delete", header: "detect", ...options });

  test("are a key that is not empty and a date-time", () => {
    expect(plan("a,2024-01-31T00:00:00Z\n,2024-01-31T00:00:00Z\nb,2024-01-31\nc,\n")).toEqual([
      "2 key_empty id",
      "3 value_date_time column 2",
      "4 value_date_time column 2",
    ]);
    expect(plan('a\n""\n')).toEqual(["2 key_empty id"]);
  });

  test("are checked after a header, and from the first record without one", () => {
    expect(plan('id\n""\n')).toEqual(["2 key_empty id"]);
    expect(plan('""\n')).toEqual(["1 key_empty id"]);
    expect(plan('""\n', { header: "absent" })).toEqual(["1 key_empty id"]);
  });

  test("hold a typed key to its type, wherever the schema has it", () => {
    const numbered: ObjectSchema = {
      name: "o",
      primaryKey: "n",
      fields: [
        { name: "at", type: "date-time" },
        { name: "n", type: "number" },
      ],
    };
    expect(plan("1\nx\n", { schema: numbered })).toEqual(["2 value_number n"]);
  });

  test("are checked without a schema too", () => {
    expect(plan('a,now\n"",\n', { schema: undefined, header: "absent" })).toEqual([
      "1 value_date_time column 2",
      "2 key_empty column 1",
      "2 value_date_time column 2",
    ]);
  });
});

describe("keys", () => {
  test("are taken unquoted, in order, with their lines, empty ones left out", () => {
    const file = `${header}\na,,,,,\n"a ""1"", b",,,,,\n,,,,,\n"é",,,,,"x\ny"\nz,,,,,`;
    const { keys, findings } = planLoad([file, file.slice(0, file.indexOf("\n") + 8)], {
      schema,
      preflight: { duplicates: true, values: false },
    });
    expect(findings.findings).toEqual([]);
    expect(keys).toEqual(["0:2:a", '0:3:a "1", b', "0:5:é", "0:7:z", "1:2:a"]);
  });

  test("of a delete are its first column, known or not", () => {
    for (const known of [schema, undefined]) {
      const options = { operation: "delete", header: "absent", schema: known } as const;
      const { keys } = planLoad(["a\nb\na"], { ...options, preflight: { duplicates: true } });
      expect(keys).toEqual(["0:1:a", "0:2:b", "0:3:a"]);
    }
  });

  test("of a delete are not the times beside them", () => {
    const { keys } = planLoad(["a,2024-01-31T00:00:00Z\n"], {
      ...{ operation: "delete", header: "absent" },
      preflight: { duplicates: true },
    });
    expect(keys).toEqual(["0:1:a"]);
  });

  test("are not taken unless duplicates are looked for", () => {
    expect(planLoad([`${header}\na,,,,,\n`], { schema }).keys).toEqual([]);
  });
});

test("an empty value at the end of a file is not judged by what lay in memory before", () => {
  const file = 'id,amount\n"a","1"\nb,';
  for (let chunkBytes = 1; chunkBytes <= file.length; chunkBytes++)
    expect(
      found(file, {
        chunkBytes,
        schema: { ...schema, fields: schema.fields.slice(0, 2) },
      }),
    ).toEqual([]);
});

describe("the scanner is asked for commas", () => {
  const commasOf = (columns: readonly string[], values: boolean, duplicates: boolean) =>
    createRowCheck({
      ...{ operation: "upsert", columns, schema },
      settings: { policy: "refuse", values, duplicates },
      findings: createFindingsLog("refuse"),
      onKey: () => {},
    })?.commas.length;

  test("as far as the last column that is looked at", () => {
    expect(commasOf(["note", "id", "amount", "note"], true, false)).toBe(3);
    expect(commasOf(["note", "id", "amount"], true, true)).toBe(3);
    expect(commasOf(["note", "id", "amount"], false, true)).toBe(2);
  });

  test("of no record where no column is looked at", () => {
    expect(commasOf(["note", "other"], true, true)).toBeUndefined();
    expect(commasOf(["amount"], false, true)).toBeUndefined();
    expect(commasOf(["id", "amount"], false, false)).toBeUndefined();
  });
});

test("a file that mixes line ends is found once, at the first record that differs", () => {
  expect(found(`${header}\na,,,,,\nb,,,,,\r\nc,,,,,\nd,,,,,\r\n`)).toEqual(["3 line_end_mixed "]);
  expect(found(`${header}\na,,,,,"x\r\ny"\nb,,,,,`)).toEqual([]);
});
