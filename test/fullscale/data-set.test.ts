import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { cutLoad, readRecords } from "../cutting/cut-load.ts";
import { type GeneratedCsv, generatedCsv } from "./content.ts";
import { createDataSet } from "./data-set.ts";
import { expectedParts, hashOf } from "./expected-parts.ts";
import { maxRecordBytes, styles } from "./records.ts";

function bytesOf({ generate }: GeneratedCsv, from: number, to: number): Buffer {
  return Buffer.concat([...generate(from, to)]);
}

test.each(styles)("%s records are CSV with a key each, over the end of the pattern", (style) => {
  const object = generatedCsv("A", style, 2_300_000);
  const [columns, ...records] = readRecords(bytesOf(object, 0, object.bytes));
  expect(columns).toEqual(["id", "customer", "amount", "placed_at", "note"]);
  expect(records).toHaveLength(object.records);
  expect(new Set(records.map(([id]) => id)).size).toBe(object.records);
  expect(records.every((record) => record.length === 5)).toBe(true);
  expect(object.bytes).toBeGreaterThan(2_300_000 - maxRecordBytes);
  expect(object.bytes).toBeLessThanOrEqual(2_300_000);
});

test("a range is the same bytes as in the whole", () => {
  const object = generatedCsv("B", "lines", 2_500_000);
  const whole = bytesOf(object, 0, object.bytes);
  const ends = [0, 5, 34, 40, 262_178, 1_000_000, 1_000_040, 1_999_999, 2_100_000, object.bytes];
  for (const [index, from] of ends.entries())
    for (const to of ends.slice(index + 1))
      expect(bytesOf(object, from, to).equals(whole.subarray(from, to))).toBe(true);
});

test("what is expected to arrive is what the cutter makes, part for part", () => {
  const partBytes = 400_000;
  const objects = createDataSet({ parts: 9, partBytes });
  const files = objects.map((object) => bytesOf(object, 0, object.bytes));
  const { parts, bodies } = cutLoad(files, { maxPartBytes: partBytes });
  const expected = expectedParts(objects, partBytes);
  expect(expected).toHaveLength(9);
  expect(expected.map(({ bytes, records }) => ({ bytes, records }))).toEqual(
    parts.map(({ bytes, records }) => ({ bytes, records })),
  );
  expect(expected.map(hashOf)).toEqual(
    bodies.map((body) => createHash("sha256").update(body).digest("hex")),
  );
});
