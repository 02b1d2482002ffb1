import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cutLoad, readRecords, readRecordTexts } from "./cut-load.ts";

const folder = import.meta.resolve("csv-spectrum");
const readCsv = (name: string) => readFileSync(new URL(`csvs/${name}.csv`, folder));

const names = [
  "comma_in_quotes",
  "empty",
  "empty_crlf",
  "escaped_quotes",
  "json",
  "newlines",
  "newlines_crlf",
  "quotes_and_newlines",
  "simple",
  "simple_crlf",
  "utf8",
];

describe("csv-spectrum", () => {
  test.each(names)("%s, cut at every size, keeps every record as it is", (name) => {
    const csv = readCsv(name);
    const expected: readonly Record<string, string>[] = JSON.parse(
      String(readFileSync(new URL(`json/${name}.json`, folder))),
    );
    const [header = "", ...texts] = readRecordTexts(csv);
    const lineEnd = name.endsWith("_crlf") ? 2 : 1;
    const lengths = texts.map((text) => Buffer.byteLength(text) + (/\n$/.test(text) ? 0 : lineEnd));
    const smallest = header.length + Math.max(...lengths);
    const tooSmall = () => cutLoad([csv], { maxPartBytes: smallest - 1 });
    expect(tooSmall).toThrow(expect.objectContaining({ code: "ERR_CSV_RECORD_TOO_LARGE" }));

    for (let maxPartBytes = smallest; maxPartBytes <= csv.length + 2; maxPartBytes++) {
      const { parts, bodies } = cutLoad([csv], { maxPartBytes, chunkSizes: [3, 1, 4] });
      const records = bodies.flatMap((body) => {
        expect(body.length).toBeLessThanOrEqual(maxPartBytes);
        const [columns = [], ...rows] = readRecords(body);
        return rows.map((row) => Object.fromEntries(columns.map((c, index) => [c, row[index]])));
      });
      expect(records).toEqual(expected);
      let first = 0;
      for (const [index, part] of parts.entries()) {
        expect(bodies[index]?.length).toBe(part.bytes);
        const next = lengths[first + part.records] ?? Number.POSITIVE_INFINITY;
        expect(part.bytes + next).toBeGreaterThan(maxPartBytes);
        first += part.records;
      }
    }
  });

  test("location_coordinates has a quote inside an unquoted field and is refused", () => {
    const csv = readCsv("location_coordinates");
    expect(() => cutLoad([csv], { maxPartBytes: 1000 })).toThrow(
      expect.objectContaining({
        code: "ERR_CSV_STRAY_QUOTE",
        fields: { uri: "file:///0", line: 2, byteOffset: csv.indexOf('"N') },
      }),
    );
  });
});
