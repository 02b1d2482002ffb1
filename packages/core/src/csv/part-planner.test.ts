import { describe, expect, test } from "vitest";
import { bytes } from "../units.ts";
import { createPartPlanner, type PartPlannerOptions } from "./part-planner.ts";
import { planLoad, textFields } from "./plan-load.test-support.ts";

/** The least that a planner is told. */
const plain = { operation: "upsert", header: "present", onPart: () => {} } as const;

/** What the run throws must be a BulkError of this code with at least these fields. */
function expectError(run: () => unknown, code: string, fields: object): void {
  expect(run).toThrow(expect.objectContaining({ code, fields: expect.objectContaining(fields) }));
}

describe("upsert", () => {
  test("fills each part as far as records fit and repeats the header", () => {
    const { bodies, parts, summary } = planLoad(["h\n1\n22\n333\n4\n"], { maxPartBytes: 7 });
    expect(bodies).toEqual(["h\n1\n22\n", "h\n333\n", "h\n4\n"]);
    expect(parts.map(({ number, bytes, records }) => [number, bytes, records])).toEqual([
      [0, 7, 2],
      [1, 6, 1],
      [2, 4, 1],
    ]);
    expect(summary).toEqual({ header: "h\n", columns: ["h"], records: 4, parts: 3, bytes: 17 });
  });

  test("makes one segment of adjacent records and merges small files in order", () => {
    const { parts, bodies } = planLoad(["h\n1\n2\n", "h\n3\n", "h\n4\n5\n"]);
    expect(bodies).toEqual(["h\n1\n2\n3\n4\n5\n"]);
    expect(parts[0]?.segments).toEqual([
      { source: 0, range: { from: 2, to: 6 }, lineEnd: "" },
      { source: 1, range: { from: 2, to: 4 }, lineEnd: "" },
      { source: 2, range: { from: 2, to: 6 }, lineEnd: "" },
    ]);
  });

  test("adds the line end that a file lacks, and counts it", () => {
    expect(planLoad(["h\r\n1", "h\r\n2"]).bodies).toEqual(["h\r\n1\r\n2\r\n"]);
    expect(planLoad(["h\n1\n22"], { maxPartBytes: 7 }).bodies).toEqual(["h\n1\n22\n"]);
    expect(planLoad(["h\n1\n22"], { maxPartBytes: 6 }).bodies).toEqual(["h\n1\n", "h\n22\n"]);
  });

  test("leaves byte order marks out of header and parts", () => {
    const { bodies, summary } = planLoad(["\ufeffh\n1\n", '\ufeff"h"\n2\n']);
    expect(bodies).toEqual(["h\n1\n2\n"]);
    expect(summary.columns).toEqual(["h"]);
  });

  test("leaves blank lines out at the edges of segments only", () => {
    const files = ["\n\nh\n\n1\n\n2\n\n", "\nh\n3\n\n"];
    expect(planLoad(files).bodies).toEqual(["h\n1\n\n2\n3\n"]);
    expect(planLoad(files, { maxPartBytes: 6 }).bodies).toEqual(["h\n1\n", "h\n2\n3\n"]);
  });

  test("begins a new part where the line ends change, header included", () => {
    const { bodies, summary } = planLoad(["h\n1\n", "h\r\n2\r\n", "h\r\n3", "h\n4\n"]);
    expect(bodies).toEqual(["h\n1\n", "h\r\n2\r\n3\r\n", "h\n4\n"]);
    expect(summary.header).toBe("h\n");
    expect(summary.bytes).toBe(4 + 9 + 4);
  });

  test("keeps the header's quotes and names its columns without them", () => {
    const { bodies, summary } = planLoad(['"a ""1""",b\n1,2\n']);
    expect(bodies).toEqual(['"a ""1""",b\n1,2\n']);
    expect(summary.columns).toEqual(['a "1"', "b"]);
  });

  test("takes detect for present, and refuses absent", () => {
    const { bodies, summary } = planLoad(["h\n1\n"], { header: "detect" });
    expect(bodies).toEqual(["h\n1\n"]);
    expect(summary.columns).toEqual(["h"]);
    expectError(() => planLoad(["h\n1\n"], { header: "absent" }), "ERR_REQUEST_INVALID", {
      operation: "upsert",
      header: "absent",
    });
  });

  test("holds every header against the schema and the first header", () => {
    const schema = textFields(["a", "b"]);
    expectError(() => planLoad(["a,c\n1,2\n"], { schema }), "ERR_CSV_COLUMN_MISSING", {
      uri: "file:///0",
      line: 1,
      columns: "b",
    });
    const files = ["a,b\n1,2\n", "\nb,a\n1,2\n"];
    expectError(() => planLoad(files, { schema }), "ERR_CSV_HEADER_DIFFERS", {
      uri: "file:///1",
      firstUri: "file:///0",
      line: 2,
      column: 1,
    });
  });

  test("refuses a record that cannot fit with the header alone", () => {
    const tooLarge = (file: string) => () => planLoad([file], { maxPartBytes: 7 });
    const fields = { uri: "file:///0", line: 3, byteOffset: 4, bytesSeen: 6, bytesAllowed: 5 };
    expectError(tooLarge("h\n1\n22222\n"), "ERR_CSV_RECORD_TOO_LARGE", fields);
    expectError(tooLarge("h\n1\n22222"), "ERR_CSV_RECORD_TOO_LARGE", fields);
    expect(tooLarge("h\n1\n2222\n")).not.toThrow();
    expect(tooLarge("h\n1\n2222")).not.toThrow();
    expectError(tooLarge("h\r\n1\r\n222\r\n"), "ERR_CSV_RECORD_TOO_LARGE", { bytesAllowed: 4 });
  });

  test("refuses a header that leaves no room", () => {
    for (const header of ["header", "a long header"]) {
      const run = () => planLoad([`${header}\n1`], { maxPartBytes: 7 });
      expectError(run, "ERR_CSV_RECORD_TOO_LARGE", { line: 2, bytesAllowed: 0 });
    }
  });

  test("does not hold an endless header in memory", () => {
    const planner = createPartPlanner(plain);
    planner.beginSource({ uri: "file:///0", bytes: 1e9 });
    const chunk = new Uint8Array(300_000).fill(0x61);
    for (let pushed = 0; pushed < 3; pushed++) planner.push(chunk);
    expectError(() => planner.push(chunk), "ERR_CSV_RECORD_TOO_LARGE", { bytesAllowed: 1_000_000 });
  });

  test("refuses an endless record before it is read to its end", () => {
    const planner = createPartPlanner({ ...plain, maxPartBytes: bytes(100) });
    planner.beginSource({ uri: "file:///0", bytes: 1e9 });
    planner.push(new TextEncoder().encode("h\n"));
    const chunk = new Uint8Array(98).fill(0x61);
    planner.push(chunk);
    const fields = { uri: "file:///0", line: 2, bytesSeen: 99, bytesAllowed: 98 };
    expectError(() => planner.push(chunk), "ERR_CSV_RECORD_TOO_LARGE", fields);
  });

  test("refuses ragged records", () => {
    expectError(() => planLoad(["a,b\n1,2\n3\n"]), "ERR_CSV_FIELD_COUNT", {
      uri: "file:///0",
      line: 3,
      fieldsSeen: 1,
      fieldsAllowed: 2,
    });
    expectError(() => planLoad(["a\n1,2\n"]), "ERR_CSV_FIELD_COUNT", { line: 2, fieldsSeen: 2 });
    expect(() => planLoad(["a\n1,2\n"])).toThrow(
      "file:///0: the record at line 2 has 2 fields, not 1",
    );
  });
});

describe("delete", () => {
  const schema = textFields(["id", "at", "name"]);
  const plan = (
    files: readonly string[],
    header: "present" | "absent" | "detect" = "detect",
    maxPartBytes = 100,
  ) => planLoad(files, { operation: "delete", header, schema, maxPartBytes });

  test("has no header in any part", () => {
    const { bodies, summary } = plan(["id,at\n1,2\n3,4\n", "id,at\n5,6\n"], "detect", 8);
    expect(bodies).toEqual(["1,2\n3,4\n", "5,6\n"]);
    expect(summary).toEqual({
      header: "",
      columns: ["id", "at"],
      records: 3,
      parts: 2,
      bytes: 12,
    });
  });

  test("detects a header only by the schema's names, case included", () => {
    expect(plan(["id\n1\n"]).bodies).toEqual(["1\n"]);
    expect(plan(['"id","at"\n1,2\n']).bodies).toEqual(["1,2\n"]);
    expect(plan(["ID\n1\n"]).bodies).toEqual(["ID\n1\n"]);
    expect(plan(["id,other\n1,2\n"]).bodies).toEqual(["id,other\n1,2\n"]);
    expect(plan(["1\n2\n"]).summary.columns).toEqual([]);
  });

  test("detects in each file by itself", () => {
    expect(plan(["1\n", "id\n2\n", "3\n"]).bodies).toEqual(["1\n2\n3\n"]);
  });

  test("drops the first record where a header is said to be present", () => {
    expect(plan(["Key\n1\n"], "present").bodies).toEqual(["1\n"]);
  });

  test("may have a header that is longer than a part", () => {
    expect(plan(["id,at\n1,2\n"], "present", 4).bodies).toEqual(["1,2\n"]);
    expect(plan(["id,at\n1,2\n"], "detect", 4).bodies).toEqual(["1,2\n"]);
    for (const file of ["12345\n", "12345"]) {
      const run = () => plan([file], "absent", 5);
      expectError(run, "ERR_CSV_RECORD_TOO_LARGE", { line: 1, bytesSeen: 6, bytesAllowed: 5 });
    }
  });

  test("takes the first record as data where a header is said to be absent", () => {
    expect(plan(["ID\n1\n"], "absent").bodies).toEqual(["ID\n1\n"]);
  });

  test("refuses the schema's header where it is said to be absent", () => {
    const place = { uri: "file:///1", line: 2 };
    expectError(() => plan(["1\n", "\nid\n1\n"], "absent"), "ERR_CSV_DELETE_LAYOUT", place);
    expect(plan(["name\nid\n"], "absent").bodies).toEqual(["name\nid\n"]);
    const unknown = planLoad(["id\n1\n"], { operation: "delete", header: "absent" });
    expect(unknown.bodies).toEqual(["id\n1\n"]);
  });

  test.each(["present", "detect"] as const)("refuses another field as its key (%s)", (header) => {
    for (const file of ["at,id\n1,2\n", "name\n1\n"])
      expectError(() => plan([file], header), "ERR_CSV_DELETE_LAYOUT", {
        uri: "file:///0",
        line: 1,
        columnSeen: file.startsWith("at") ? "at" : "name",
        columnAllowed: "id",
      });
  });

  test("cannot detect without a schema", () => {
    const run = () => planLoad(["1\n"], { operation: "delete", header: "detect" });
    expectError(run, "ERR_REQUEST_INVALID", { operation: "delete", header: "detect" });
  });

  test("takes a first record that is longer than any header as data", () => {
    const key = "k".repeat(1_200_000);
    const { parts } = planLoad([`\n${key}\n1\n`], {
      operation: "delete",
      header: "detect",
      schema,
      chunkBytes: 65_536,
    });
    expect(parts).toMatchObject([{ records: 2, bytes: 1_200_003 }]);
  });

  test.each(["present", "absent", "detect"] as const)(
    "has 1 or 2 columns (header %s)",
    (header) => {
      const fields = { uri: "file:///0", line: 1, columnsSeen: 3, columnsAllowed: 2 };
      const file = header === "absent" ? "1,2,3\n" : "id,at,name\n1,2,3\n";
      expectError(() => plan([file], header), "ERR_CSV_DELETE_LAYOUT", fields);
    },
  );

  test("has the same columns in all files", () => {
    expectError(() => plan(["id,at\n1,2\n", "id,name\n1,2\n"]), "ERR_CSV_HEADER_DIFFERS", {
      uri: "file:///1",
      firstUri: "file:///0",
      column: 2,
    });
    expectError(() => plan(["1,2\n", "1\n"], "absent"), "ERR_CSV_FIELD_COUNT", {
      uri: "file:///1",
      fieldsSeen: 1,
      fieldsAllowed: 2,
    });
    expectError(() => plan(["1,2\n1,2,3\n"], "absent"), "ERR_CSV_FIELD_COUNT", {
      line: 2,
      fieldsSeen: 3,
      fieldsAllowed: 2,
    });
  });

  test("lets a file of one line without an end go with either line end", () => {
    expect(plan(["1\r\n", "2", "3\r\n"], "absent").bodies).toEqual(["1\r\n2\r\n3\r\n"]);
    expect(plan(["1", "2\n"], "absent").bodies).toEqual(["1\n2\n"]);
    expect(plan(["1", "2\r\n"], "absent").bodies).toEqual(["1\n", "2\r\n"]);
  });
});

describe("whole files", () => {
  test.each(["", "\n\r\n", "\ufeff"])("%j is refused as empty", (file) => {
    const run = () => planLoad(["h\n1\n", file]);
    expectError(run, "ERR_CSV_EMPTY", { uri: "file:///1" });
    expect(run).toThrow("file:///1: has no record");
  });

  test.each(["h", "h\n", "h\n\n\r\n"])("%j is refused as a header only", (file) => {
    const run = () => planLoad([file]);
    expectError(run, "ERR_CSV_HEADER_ONLY", { uri: "file:///0" });
    expect(run).toThrow("file:///0: has a header and no record");
  });

  test("of another length than was pinned are refused", () => {
    const begin = (pinned: number | undefined) => {
      const planner = createPartPlanner({ ...plain, maxPartBytes: bytes(100) });
      planner.beginSource({ uri: "file:///0", bytes: pinned });
      return planner;
    };
    const file = new TextEncoder().encode("h\n1\n");
    const short = begin(5);
    short.push(file);
    const fields = { uri: "file:///0", bytesSeen: 4 };
    expectError(() => short.endSource(), "ERR_SOURCE_TRUNCATED", { ...fields, bytesAllowed: 5 });
    expectError(() => begin(3).push(file), "ERR_SOURCE_CHANGED", { ...fields, bytesAllowed: 3 });
    expect(() => begin(3).push(file)).toThrow("file:///0: 4 bytes read, 3 were pinned");
    const unknown = begin(undefined);
    unknown.push(file);
    unknown.endSource();
    expect(unknown.end()).toMatchObject({ records: 1, bytes: 4 });
  });
});

describe("without preflight", () => {
  function parts(file: string, options: Partial<PartPlannerOptions> = {}): number {
    const planner = createPartPlanner({ ...plain, ...options });
    planner.beginSource({ uri: "file:///0" });
    planner.push(new TextEncoder().encode(file));
    planner.endSource();
    return planner.end().parts;
  }

  test("the header is held against the schema all the same", () => {
    const run = () => parts("a\n1\n", { schema: textFields(["a", "b"]) });
    expectError(run, "ERR_CSV_COLUMN_MISSING", { columns: "b" });
  });

  test("mixed line ends and values of another type are let pass", () => {
    const fields = [{ name: "a", type: "number" }] as const;
    expect(parts("a\nx\ny\r\n", { schema: { fields, primaryKey: "a" } })).toBe(1);
  });
});

test("calls out of order are refused", () => {
  const none = new TypeError("no source object has begun");
  expect(() => createPartPlanner(plain).push(new Uint8Array(1))).toThrow(none);
  expect(() => createPartPlanner(plain).endSource()).toThrow(none);
  const planner = createPartPlanner(plain);
  planner.beginSource({ uri: "file:///0", bytes: 1 });
  expect(() => planner.beginSource({ uri: "file:///1", bytes: 1 })).toThrow(
    new TypeError("the source object before has not ended"),
  );
  expect(() => planner.end()).toThrow(new TypeError("the last source object has not ended"));
});

test("a load without source objects has no parts", () => {
  expect(planLoad([]).summary).toEqual({ header: "", columns: [], records: 0, parts: 0, bytes: 0 });
});
