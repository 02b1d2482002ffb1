import { isBulkError } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cut, type CutOptions, cutLoad, readRecords } from "./cut-load.ts";
import { greedyBodies } from "./greedy-model.ts";
import { type RandomLoad, randomLoad } from "./random-table.ts";

const runs = 100;
const chunkSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

/** The cut, or "too large" where that is how planning ends. */
function cut(files: readonly Buffer[], options: CutOptions): Cut | "too large" {
  try {
    return cutLoad(files, options);
  } catch (error) {
    if (isBulkError(error, "ERR_CSV_RECORD_TOO_LARGE")) return "too large";
    throw error;
  }
}

function totalBytes({ files }: RandomLoad): number {
  return files.reduce((sum, file) => sum + file.length, 0);
}

/** Holds the cuts of a load at every size that can make a difference against records and model. */
function checkEverySize(load: RandomLoad, options: Omit<CutOptions, "maxPartBytes">): void {
  const upsert = options.operation !== "delete";
  const header = upsert ? load.sources[0]?.header : undefined;
  const read = new Map<string, readonly (readonly string[])[]>();
  for (let maxPartBytes = 1; maxPartBytes <= totalBytes(load) + 2; maxPartBytes++) {
    const model = greedyBodies(load.sources, header, maxPartBytes);
    const cutHere = cut(load.files, { ...options, maxPartBytes });
    if (cutHere === "too large" || model === "too large") {
      expect(cutHere).toBe(model);
      continue;
    }
    const { bodies, parts, summary } = cutHere;
    expect(bodies.map(String)).toEqual(model);
    expect(parts.map(({ bytes }) => bytes)).toEqual(bodies.map(({ length }) => length));
    expect(parts.map(({ number }) => number)).toEqual([...bodies.keys()]);
    expect(Math.max(...parts.map(({ bytes }) => bytes))).toBeLessThanOrEqual(maxPartBytes);
    const records = bodies.flatMap((body, index) => {
      const text = String(body);
      const known = read.get(text) ?? readRecords(body);
      read.set(text, known);
      if (upsert) expect(known[0]).toEqual(load.columns);
      const data = upsert ? known.slice(1) : known;
      expect(parts[index]?.records).toBe(data.length);
      return data;
    });
    expect(records).toEqual(load.records);
    expect(summary).toEqual({
      header: header === undefined ? "" : header + load.sources[0]?.lineEnd,
      columns: options.header === "absent" ? [] : load.columns,
      records: load.records.length,
      parts: parts.length,
      bytes: bodies.reduce((sum, body) => sum + body.length, 0),
    });
  }
}

describe("random loads, cut at every size", () => {
  test("of upsert: each part parses alone, and together they hold the records exactly", () => {
    fc.assert(
      fc.property(randomLoad(true, 4), chunkSizes, (load, sizes) => {
        checkEverySize(load, { chunkSizes: sizes });
      }),
      { numRuns: runs },
    );
  });

  test("of delete without headers: so too", () => {
    fc.assert(
      fc.property(randomLoad(false, 2), chunkSizes, (load, sizes) => {
        checkEverySize(load, { operation: "delete", header: "absent", chunkSizes: sizes });
      }),
      { numRuns: runs },
    );
  });

  test("of delete with headers: so too, and no part has the header", () => {
    fc.assert(
      fc.property(randomLoad(true, 2), chunkSizes, (load, sizes) => {
        const options = { operation: "delete", chunkSizes: sizes } as const;
        checkEverySize(load, { ...options, header: "present" });
        checkEverySize(load, { ...options, header: "detect", schemaFields: load.columns });
      }),
      { numRuns: runs / 2 },
    );
  });
});

/** Parts and summary, or the error's code and fields. */
function outcome(files: readonly Buffer[], options: CutOptions): unknown {
  try {
    return cutLoad(files, options);
  } catch (error) {
    if (isBulkError(error)) return { code: error.code, fields: error.fields };
    throw error;
  }
}

test("a load gives the same parts, and a damaged one the same error, in whatever chunks", () => {
  const damage = fc.option(
    fc.record({
      at: fc.nat(),
      byte: fc.constantFrom(0x22, 0x2c, 0x0a, 0x0d, 0x80, 0xc3, 0xff, 0x61),
    }),
  );
  fc.assert(
    fc.property(randomLoad(true, 4), damage, chunkSizes, fc.nat(), (load, at, sizes, seed) => {
      const maxPartBytes = 1 + (seed % totalBytes(load));
      const last = Buffer.from(load.files.at(-1) ?? []);
      if (at !== null) last[at.at % last.length] = at.byte;
      const files = [...load.files.slice(0, -1), last];
      const whole = outcome(files, { maxPartBytes });
      expect(outcome(files, { maxPartBytes, chunkSizes: sizes })).toEqual(whole);
      expect(outcome(files, { maxPartBytes, chunkSizes: [1] })).toEqual(whole);
    }),
    { numRuns: 10 * runs },
  );
});
