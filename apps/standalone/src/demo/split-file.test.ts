import { expect, test } from "vitest";
import { splitByKeyStart, withRecords } from "./split-file.ts";

test("each file has the header and the lines whose key starts alike, byte by byte", () => {
  const csv = 'zip,city\r\n10,"A, B"\r\n00,C\r\n11,D';
  expect(splitByKeyStart(csv, { key: "zip", characters: 1 })).toEqual([
    { start: "0", csv: "zip,city\r\n00,C\r\n" },
    { start: "1", csv: 'zip,city\r\n10,"A, B"\r\n11,D' },
  ]);
});

test("a key that is not the first column is refused", () => {
  expect(() => splitByKeyStart("a,b\n1,2\n", { key: "b", characters: 1 })).toThrow(TypeError);
});

test("columns and records are told apart and blank lines left out", () => {
  expect(withRecords("a,b\n1,2\n\n3,4\n")).toEqual({
    columns: ["a", "b"],
    records: [
      ["1", "2"],
      ["3", "4"],
    ],
  });
});
