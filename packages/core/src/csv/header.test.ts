import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkError } from "../errors.ts";
import type { Finding, PreflightPolicy } from "../preflight.ts";
import { checkHeader, checkSameHeader, headerAmongData, parseRecord } from "./header.ts";
import { textFields } from "./plan-load.test-support.ts";

const place = { uri: "s3://bucket/people.csv", line: 3 };

function check(
  columns: readonly string[],
  fields?: readonly string[],
  operation: "upsert" | "delete" = "upsert",
  policy: PreflightPolicy = "refuse",
): readonly Finding[] {
  const schema = fields === undefined ? undefined : textFields(fields);
  return checkHeader({ ...place, columns, operation, schema, policy });
}

function errorOf(run: () => void): BulkError {
  try {
    run();
  } catch (error) {
    if (error instanceof BulkError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseRecord", () => {
  test.each([
    ["a,b\r\n", ["a", "b"]],
    ['"a ""b"", c",d\n', ['a "b", c', "d"]],
    ['"x\r\ny",""', ["x\r\ny", ""]],
    [",\n", ["", ""]],
    ["\n", [""]],
    ['""""', ['"']],
    ["名前,é😀", ["名前", "é😀"]],
  ])("reads %j", (record, values) => {
    expect(parseRecord(record)).toEqual(values);
  });

  test("takes no quote for closed that is not", () => {
    expect(() => parseRecord('"a')).toThrow(new TypeError("a record with an unclosed quote"));
  });

  test("gives back what was quoted", () => {
    const value = fc.string({ unit: fc.constantFrom("a", '"', ",", "\r", "\n", "é") });
    const values = fc.array(value, { minLength: 1 });
    const lineEnd = fc.constantFrom("", "\n", "\r\n");
    fc.assert(
      fc.property(values, lineEnd, (expected, end) => {
        const record = expected.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",") + end;
        expect(parseRecord(record)).toEqual(expected);
      }),
    );
  });
});

describe("checkHeader", () => {
  test("takes the schema's fields in any order", () => {
    expect(() => check(["b", "a"], ["a", "b"])).not.toThrow();
  });

  test("takes any names where the schema is not known", () => {
    expect(() => check(["b", "a"])).not.toThrow();
  });

  test("refuses a column without a name", () => {
    expect(errorOf(() => check(["a", ""]))).toMatchObject({
      code: "ERR_CSV_COLUMN_EMPTY",
      fields: { ...place, column: 2 },
      message: `${place.uri}: header at line 3: column 2 has no name`,
    });
    expect(errorOf(() => check(["", "a"])).fields.column).toBe(1);
  });

  test("refuses a doubled column, telling case apart", () => {
    expect(() => check(["a", "A"])).not.toThrow();
    expect(errorOf(() => check(["a", "b", "a"], ["a", "b"]))).toMatchObject({
      code: "ERR_CSV_COLUMN_DOUBLED",
      fields: { ...place, column: "a", first: 1 },
      message: expect.stringContaining("a has the same name as column 1"),
    });
    // Without a schema nothing tells a name from a value.
    expect(errorOf(() => check(["a", "b", "a"])).fields.column).toBe("column 3");
  });

  test("names the schema fields that are missing", () => {
    expect(errorOf(() => check(["b"], ["a", "b", "c"]))).toMatchObject({
      code: "ERR_CSV_COLUMN_MISSING",
      fields: { ...place, columns: "a, c" },
      message: `${place.uri}: header at line 3: lacks a, c`,
    });
  });

  test("names the columns that the schema lacks", () => {
    expect(errorOf(() => check(["x", "a", "y"], ["a"]))).toMatchObject({
      code: "ERR_CSV_COLUMN_UNKNOWN",
      fields: { ...place, columns: "x, y" },
      message: expect.stringContaining("the schema has no x, y"),
    });
  });

  test("prints no value of a first record that stands where the header should", () => {
    const values = ["canary", "canary", "5"];
    const doubled = errorOf(() => check(values, ["id", "name", "age"]));
    expect(doubled).toMatchObject({
      code: "ERR_CSV_COLUMN_DOUBLED",
      fields: { column: "column 2", first: 1 },
    });
    const missing = errorOf(() => check(values.slice(1), ["id", "name"]));
    expect(missing.code).toBe("ERR_CSV_COLUMN_MISSING");
    const text = [doubled, missing].map((e) => e.message + JSON.stringify(e.fields)).join();
    expect(text).not.toContain("canary");
  });

  test("prints no name that could not be a field's", () => {
    expect(errorOf(() => check(["a", "can ary"], ["a"])).fields.columns).toBe("column 2");
  });

  test("keeps the list of columns short", () => {
    const fields = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const columns = errorOf(() => check(["f0"], fields)).fields.columns;
    expect(columns).toBe("f1, f2, f3, f4, f5, f6, f7, f8, f9, f10 and 19 more");
    const whole = errorOf(() => check(["f0"], fields.slice(0, 11))).fields.columns;
    expect(whole).toBe("f1, f2, f3, f4, f5, f6, f7, f8, f9, f10");
  });

  test("answers missing and unknown columns where the policy warns", () => {
    expect(check(["x", "a", "y z"], ["a", "b"], "upsert", "warn")).toEqual([
      { rule: "column_missing", ...place, column: "b" },
      { rule: "column_unknown", ...place, column: "x" },
      { rule: "column_unknown", ...place, column: "column 3" },
    ]);
  });

  test("refuses a header without any field of the schema whatever the policy", () => {
    const error = errorOf(() => check(["x", "y"], ["a", "b"], "upsert", "warn"));
    expect(error.code).toBe("ERR_CSV_COLUMN_MISSING");
    expect(error.message).toContain("is the header line itself missing?");
  });

  test.each(["warn", "refuse"] as const)("refuses names that are reserved (%s)", (policy) => {
    for (const fields of [undefined, ["a"]])
      expect(errorOf(() => check(["a", "version"], fields, "upsert", policy))).toMatchObject({
        code: "ERR_CSV_COLUMN_RESERVED",
        fields: { ...place, column: "version" },
        message: expect.stringContaining("no field may have the name version"),
      });
    expect(() => check(["version"], ["a"], "delete")).not.toThrow();
  });

  test("holds a delete header against the layout, not the schema", () => {
    expect(() => check(["key"], ["id", "name"], "delete")).not.toThrow();
    expect(() => check(["key", "at"], ["id", "name"], "delete")).not.toThrow();
    expect(errorOf(() => check(["a", "b", "c"], undefined, "delete"))).toMatchObject({
      code: "ERR_CSV_DELETE_LAYOUT",
      fields: { ...place, columnsSeen: 3, columnsAllowed: 2 },
      message: `${place.uri}: line 3 has 3 columns; a delete file has 1 (key) or 2 (key, date-time)`,
    });
    expect(() => check(["name"], ["id", "name"], "delete")).toThrow(
      "column 1 is name, not the primary key id",
    );
  });
});

test("a header where none should be is told how it can be let in", () => {
  expect(headerAmongData({ ...place, columns: ["id"] })).toMatchObject({
    code: "ERR_CSV_DELETE_LAYOUT",
    fields: place,
    message: `${place.uri}: header at line 3: it names fields of the schema, but the load says header "absent"; say "detect" or "present"`,
  });
});

describe("checkSameHeader", () => {
  const first = { uri: "s3://bucket/first.csv", line: 1, columns: ["a", "b"] };

  test("takes equal names in equal order", () => {
    expect(() => checkSameHeader(first, { ...place, columns: ["a", "b"] })).not.toThrow();
  });

  test.each([
    [["b", "a"], 1],
    [["a", "c"], 2],
    [["a"], 2],
    [["a", "b", "c"], 3],
  ])("refuses %j, naming both files and column %i", (columns, column) => {
    expect(errorOf(() => checkSameHeader(first, { ...place, columns }))).toMatchObject({
      code: "ERR_CSV_HEADER_DIFFERS",
      fields: { ...place, firstUri: first.uri, column },
      message: `${place.uri}: header at line 3: column ${column} is not that of ${first.uri}; all files of a load have one header`,
    });
  });
});
