import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cutLoad, readRecords, readRecordTexts } from "./cut-load.ts";
import { greedyBodies } from "./greedy-model.ts";

const folder = new URL("../data/", import.meta.resolve("vega-datasets"));
const names = readdirSync(folder).filter((name) => name.endsWith(".csv"));

describe("real files (vega-datasets)", () => {
  test("are there", () => {
    expect(names.length).toBeGreaterThan(20);
  });

  test.each(names)(
    "%s comes back record by record and byte by byte",
    (name) => {
      const csv = readFileSync(new URL(name, folder));
      const [columns, ...expected] = readRecords(csv);
      const [header = "", ...texts] = readRecordTexts(csv);
      const lineEnd = header.endsWith("\r\n") ? "\r\n" : "\n";
      const stripped = (text: string) => text.replace(/\r?\n$/, "");
      const source = {
        lineEnd,
        header: stripped(header),
        records: texts.map((text) => ({ blank: "", text: stripped(text) })),
        finalLineEnd: true,
      } as const;
      const longest = Math.max(...texts.map((text) => Buffer.byteLength(stripped(text))));
      const smallest = Buffer.byteLength(header) + longest + lineEnd.length;

      const tightest = cutLoad([csv], { maxPartBytes: smallest, chunkSizes: [65_536] });
      expect(tightest.bodies.map(String)).toEqual(greedyBodies([source], source.header, smallest));

      for (const maxPartBytes of [smallest + Math.ceil(csv.length / 7), 2 * csv.length]) {
        const { bodies, summary } = cutLoad([csv], { maxPartBytes, chunkSizes: [65_536, 1_000] });
        expect(summary).toMatchObject({ header, columns, records: expected.length });
        expect(bodies.map(String)).toEqual(greedyBodies([source], source.header, maxPartBytes));
        expect(bodies.flatMap((body) => readRecords(body).slice(1))).toEqual(expected);
        const joined = bodies.map((body) => body.subarray(Buffer.byteLength(header)));
        const whole = Buffer.concat([Buffer.from(header), ...joined]).toString();
        expect(whole).toBe(stripped(String(csv)) + lineEnd);
      }
      const tooSmall = () => cutLoad([csv], { maxPartBytes: smallest - 1 });
      expect(tooSmall).toThrow(expect.objectContaining({ code: "ERR_CSV_RECORD_TOO_LARGE" }));
    },
    120_000,
  );
});
