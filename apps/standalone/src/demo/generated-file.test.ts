import Papa from "papaparse";
import { expect, test } from "vitest";
import { generatedColumns, generatedCsv } from "./generated-file.ts";

const whole = (bytes: number): Buffer => Buffer.concat([...generatedCsv(bytes)]);

test("the file reaches the size asked for and ends with the record that does so", () => {
  const csv = whole(3_000_000);
  expect(csv.length).toBeGreaterThanOrEqual(3_000_000);
  expect(csv.length).toBeLessThan(3_002_000);
  expect(csv.subarray(-2).toString()).toBe("\r\n");
});

test("the same size gives the same bytes, in chunks of a few MB at most", () => {
  const sizes = [...generatedCsv(3_000_000)].map((chunk) => chunk.length);
  expect(Math.max(...sizes)).toBeLessThan(3_000_000);
  expect(whole(3_000_000).equals(whole(3_000_000))).toBe(true);
});

test("every record has all fields and an id of its own", () => {
  const { data, errors } = Papa.parse<string[]>(whole(500_000).toString(), {
    skipEmptyLines: true,
  });
  const [header, ...records] = data;
  expect(errors).toEqual([]);
  expect(header).toEqual([...generatedColumns]);
  expect(records.length).toBeGreaterThan(400);
  expect(records.every((fields) => fields.length === generatedColumns.length)).toBe(true);
  expect(new Set(records.map(([id]) => id)).size).toBe(records.length);
});

test("fields hold what makes cutting hard", () => {
  const { data } = Papa.parse<string[]>(whole(500_000).toString());
  const fields = data.flat();
  for (const hard of ["\n", "\r\n", '"', ",", "闸门"])
    expect(fields.some((field) => field.includes(hard))).toBe(true);
});
