import { describe, expect, test } from "vitest";
import type { Finding } from "../preflight.ts";
import { createLoadHeader, type FirstLine, type LoadHeaderOptions } from "./load-header.ts";
import { textFields } from "./plan-load.test-support.ts";

const schema = textFields(["id", "at"]);

function loadHeader(options: Partial<LoadHeaderOptions>) {
  return createLoadHeader({
    ...{ operation: "upsert", mode: "present", schema, policy: "refuse", findings: undefined },
    ...options,
  });
}

function line(text: string, lineEnd: FirstLine["lineEnd"] = "\n"): FirstLine {
  return { uri: "file:///0", line: 1, text: text + lineEnd, lineEnd };
}

describe("a first record", () => {
  test.each([
    ["upsert", "present", undefined, true, true],
    ["upsert", "detect", undefined, true, true],
    ["delete", "present", undefined, true, true],
    ["delete", "absent", undefined, false, false],
    ["delete", "absent", schema, true, false],
    ["delete", "detect", schema, true, false],
  ] as const)("of %s, header %s", (operation, mode, known, isPossible, isCertain) => {
    const header = loadHeader({ operation, mode, schema: known });
    expect(header).toMatchObject({ isPossible, isCertain });
  });

  test("is no header of a delete for which nothing vouches", () => {
    const header = loadHeader({ operation: "delete", mode: "absent", schema: undefined });
    expect(header.take(line("id"))).toBe(false);
    expect(header.columns).toEqual([]);
  });

  test("is checked, and what the policy lets pass is found, if anyone asks", () => {
    const found: Finding[] = [];
    const findings = { add: (finding: Finding) => found.push(finding) };
    expect(loadHeader({ policy: "warn", findings }).take(line("id"))).toBe(true);
    expect(found).toEqual([{ rule: "column_missing", uri: "file:///0", line: 1, column: "at" }]);
    expect(loadHeader({ policy: "warn" }).take(line("id"))).toBe(true);
  });
});

describe("the line of each part", () => {
  test.each([
    ["\n", "id,at\n"],
    ["\r\n", "id,at\r\n"],
    ["", "id,at\n"],
  ] as const)("of a header that ends in %j is %j", (lineEnd, expected) => {
    const header = loadHeader({});
    header.take(line("id,at", lineEnd));
    expect(header).toMatchObject({ line: expected, bytes: { "\n": 6, "\r\n": 7 } });
  });

  test("is that of the first file", () => {
    const header = loadHeader({});
    header.take(line("id,at"));
    header.take(line('"id","at"', "\r\n"));
    expect(header).toMatchObject({ line: "id,at\n", columns: ["id", "at"] });
  });

  test("of a delete is none", () => {
    const header = loadHeader({ operation: "delete" });
    header.take(line("id,at"));
    expect(header).toMatchObject({ line: "", bytes: { "\n": 0, "\r\n": 0 } });
  });
});

test.each([
  [
    { operation: "upsert", mode: "absent" },
    'header "absent" of upsert: an upsert file without a header has no column names',
  ],
  [
    { operation: "delete", mode: "detect", schema: undefined },
    'header "detect" of delete: a header cannot be detected without the fields of the schema',
  ],
] as const)("%j contradict each other", (options, message) => {
  expect(() => loadHeader(options)).toThrow(
    expect.objectContaining({ code: "ERR_REQUEST_INVALID", message }),
  );
});
