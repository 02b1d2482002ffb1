import { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { split } from "csv-split-stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cutLoad } from "./cut-load.ts";

/** The parts that csv-split-stream makes of a file without quotes. */
async function splitByLines(csv: Buffer, lineLimit: number, delimiter: string): Promise<string[]> {
  const bodies: Buffer[][] = [];
  const outputs: Promise<void>[] = [];
  await split(Readable.from([csv]), { lineLimit, delimiter }, (index) => {
    const chunks: Buffer[] = [];
    bodies[index] = chunks;
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(Buffer.from(chunk));
        done();
      },
    });
    outputs.push(finished(output));
    return output;
  });
  await Promise.all(outputs);
  return bodies.map((chunks) => Buffer.concat(chunks).toString());
}

test("without quotes and with records of one length, parts are those of csv-split-stream", async () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", "7", " ", "-", "é"),
    minLength: 1,
    maxLength: 6,
  });
  const table = fc.record({
    columns: fc.uniqueArray(cell, { minLength: 1, maxLength: 4 }),
    rows: fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 40 }),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    finalLineEnd: fc.boolean(),
    lineLimit: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(table, async ({ columns, rows, lineEnd, finalLineEnd, lineLimit }) => {
      // Padded to one byte length, so that a limit in records is a limit in bytes.
      const width = columns.length * 12 + columns.length - 1;
      const lines = rows.map((row) => {
        const text = row.slice(0, columns.length).join(",");
        return text + "x".repeat(width - Buffer.byteLength(text));
      });
      const header = columns.join(",");
      const csv = Buffer.from([header, ...lines].join(lineEnd) + (finalLineEnd ? lineEnd : ""));
      const maxPartBytes =
        Buffer.byteLength(header + lineEnd) + lineLimit * (width + lineEnd.length);
      const { bodies } = cutLoad([csv], { maxPartBytes, chunkSizes: [5, 17] });
      expect(bodies.map(String)).toEqual(await splitByLines(csv, lineLimit, lineEnd));
    }),
    { numRuns: 200 },
  );
});
