import { isBulkError } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cut, type CutOptions, cutLoad, readRecords } from "./cut-load.ts";
import { greedyBodies } from "./greedy-model.ts";
import { type RandomLoad, randomLoad } from "./random-table.ts";

const runs = 40;
/** Thousands of cuts take seconds, and on a busy machine much longer. */
const timeoutMs = 120_000;
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

/**
 * Holds the cuts of a load, at every size that can make a difference, against its records and the
 * model. All facts about one cut are compared at once: there are thousands of cuts.
 */
function checkEverySize(load: RandomLoad, options: Omit<CutOptions, "maxPartBytes">): void {
  const { columns, records, sources } = load;
  const header = options.operation === "delete" ? undefined : sources[0]?.header;
  const known = new Map<string, readonly (readonly string[])[]>();
  const read = (body: Buffer) => {
    const text = String(body);
    const rows = known.get(text) ?? readRecords(body);
    known.set(text, rows);
    return rows;
  };
  for (let maxPartBytes = 1; maxPartBytes <= totalBytes(load) + 2; maxPartBytes++) {
    const model = greedyBodies(sources, header, maxPartBytes);
    const made = cut(load.files, { ...options, maxPartBytes });
    if (made === "too large" || model === "too large") {
      expect(made).toBe(model);
      continue;
    }
    const { bodies, parts, summary } = made;
    const tables = bodies.map(read);
    const data = header === undefined ? tables : tables.map((table) => table.slice(1));
    expect({
      bodies: bodies.map(String),
      headers: header === undefined ? [] : tables.map((table) => table[0]),
      records: data.flat(),
      parts: parts.map(({ number, bytes, records: count }) => [number, bytes, count]),
      tooLong: parts.filter(({ bytes }) => bytes > maxPartBytes),
      summary,
    }).toEqual({
      bodies: model,
      headers: header === undefined ? [] : bodies.map(() => columns),
      records,
      parts: bodies.map((body, index) => [index, body.length, data[index]?.length]),
      tooLong: [],
      summary: {
        header: header === undefined ? "" : header + sources[0]?.lineEnd,
        columns: options.header === "absent" ? [] : columns,
        records: records.length,
        parts: model.length,
        bytes: Buffer.byteLength(model.join("")),
      },
    });
  }
}

describe("random loads, cut at every size", () => {
  test(
    "of upsert: each part parses alone, and together they hold the records exactly",
    () => {
      fc.assert(
        fc.property(randomLoad(true, 4), chunkSizes, (load, sizes) => {
          checkEverySize(load, { chunkSizes: sizes });
        }),
        { numRuns: runs },
      );
    },
    timeoutMs,
  );

  test(
    "of delete without headers: so too",
    () => {
      fc.assert(
        fc.property(randomLoad(false, 2), chunkSizes, (load, sizes) => {
          checkEverySize(load, { operation: "delete", header: "absent", chunkSizes: sizes });
        }),
        { numRuns: runs },
      );
    },
    timeoutMs,
  );

  test(
    "of delete with headers: so too, and no part has the header",
    () => {
      fc.assert(
        fc.property(randomLoad(true, 2), chunkSizes, (load, sizes) => {
          const options = { operation: "delete", chunkSizes: sizes } as const;
          checkEverySize(load, { ...options, header: "present" });
          const [primaryKey = ""] = load.columns;
          const fields = load.columns.map((name) => ({ name, type: "text" }) as const);
          checkEverySize(load, { ...options, header: "detect", schema: { fields, primaryKey } });
        }),
        { numRuns: runs / 2 },
      );
    },
    timeoutMs,
  );
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

test(
  "a load gives the same parts, and a damaged one the same error, in whatever chunks",
  () => {
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
      { numRuns: 20 * runs },
    );
  },
  timeoutMs,
);
