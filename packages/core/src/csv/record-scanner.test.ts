import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkError } from "../errors.ts";
import { propertyRuns } from "./property-runs.test-support.ts";
import { createRecordScanner, type ScannedRecord } from "./record-scanner.ts";

type Scanned =
  | { readonly records: readonly ScannedRecord[] }
  | { readonly code: string; readonly fields: object; readonly records: readonly ScannedRecord[] };

const uri = "file:///people.csv";

/** Scans text (UTF-8) or bytes, cut into chunks of these sizes and then one of the rest. */
function scan(
  file: string | Uint8Array,
  { chunks = [] as readonly number[], maxRecordBytes = Number.POSITIVE_INFINITY } = {},
): Scanned {
  const encoded = typeof file === "string" ? new TextEncoder().encode(file) : file;
  const records: ScannedRecord[] = [];
  const onRecord = (record: ScannedRecord) => records.push(record);
  const scanner = createRecordScanner({ uri, onRecord, maxRecordBytes });
  try {
    let at = 0;
    for (const size of [...chunks, encoded.length]) {
      // A copy that is wiped after use: the scanner must not keep the chunk.
      const chunk = encoded.slice(at, at + size);
      scanner.push(chunk);
      chunk.fill(0x22);
      at += size;
    }
    scanner.end();
    return { records };
  } catch (error) {
    if (!(error instanceof BulkError)) throw error;
    return { code: error.code, fields: error.fields, records };
  }
}

function spans(file: string | Uint8Array): readonly (readonly [number, number])[] {
  const scanned = scan(file);
  expect(scanned).not.toHaveProperty("code");
  return scanned.records.map(({ start, end }) => [start, end]);
}

describe("records", () => {
  test("end after LF, after CRLF, or with the file", () => {
    expect(scan("a,b\r\nc,d\ne,f").records).toEqual([
      { start: 0, end: 5, line: 1, fields: 2, lineEnd: "\r\n" },
      { start: 5, end: 9, line: 2, fields: 2, lineEnd: "\n" },
      { start: 9, end: 12, line: 3, fields: 2, lineEnd: "" },
    ]);
  });

  test("may hold commas, quotes and line ends of all kinds inside quotes", () => {
    expect(scan('"a,b","c""d"\n"1\n2\r\n3\r4",x\n5,6\n').records).toEqual([
      { start: 0, end: 13, line: 1, fields: 2, lineEnd: "\n" },
      { start: 13, end: 26, line: 2, fields: 2, lineEnd: "\n" },
      { start: 26, end: 30, line: 5, fields: 2, lineEnd: "\n" },
    ]);
  });

  test("are not made of blank lines, which still count as lines", () => {
    expect(scan("\n\r\na\n\n\r\nb\r\n\r\n").records).toEqual([
      { start: 3, end: 5, line: 3, fields: 1, lineEnd: "\n" },
      { start: 8, end: 11, line: 6, fields: 1, lineEnd: "\r\n" },
    ]);
  });

  test.each([
    ['""', 1],
    ['""\n', 1],
    [",", 2],
    [",\n", 2],
    ["a,", 2],
    ['a,""', 2],
    [" ", 1],
    ['"",""\r\n', 2],
  ])("%j is one record of %i field(s)", (file, fields) => {
    expect(scan(file).records).toMatchObject([{ start: 0, end: file.length, fields }]);
  });

  test.each(["", "\n", "\r\n\n", "\ufeff", "\ufeff\r\n"])("%j has none", (file) => {
    expect(spans(file)).toEqual([]);
  });
});

describe("byte order marks", () => {
  test("of UTF-8 are not part of the first record", () => {
    expect(spans('\ufeff"a"\nb')).toEqual([
      [3, 7],
      [7, 8],
    ]);
  });

  test("are text anywhere else", () => {
    expect(spans("a\ufeff\n\ufeffb\n")).toEqual([
      [0, 5],
      [5, 10],
    ]);
  });

  test("that break off are the text they are", () => {
    expect(spans("\uff08a\n")).toEqual([[0, 5]]);
    expect(scan(Uint8Array.of(0xef, 0xbb))).toMatchObject({ code: "ERR_CSV_NOT_UTF8" });
    expect(scan(Uint8Array.of(0xef, 0x0a))).toMatchObject({ code: "ERR_CSV_NOT_UTF8" });
  });

  test.each([
    [0xfe, 0xff],
    [0xff, 0xfe],
  ])("of UTF-16 (%i, %i) are refused", (...mark) => {
    expect(scan(Uint8Array.of(...mark, 0, 0x61))).toMatchObject({
      code: "ERR_CSV_NOT_UTF8",
      fields: { uri, line: 1, byteOffset: 0 },
    });
  });
});

describe("files that are not RFC 4180", () => {
  test.each([
    ['a,b"c\n', "ERR_CSV_STRAY_QUOTE", 1, 3],
    ['x\n "a"\n', "ERR_CSV_STRAY_QUOTE", 2, 3],
    ['"a"b\n', "ERR_CSV_STRAY_QUOTE", 1, 3],
    ['"a" ,b\n', "ERR_CSV_STRAY_QUOTE", 1, 3],
    ['"1\n2"é', "ERR_CSV_STRAY_QUOTE", 2, 5],
    ['x\ny,"a\nb\nc', "ERR_CSV_UNCLOSED_QUOTE", 2, 4],
    ['"a""', "ERR_CSV_UNCLOSED_QUOTE", 1, 0],
    ["a\rb\n", "ERR_CSV_BARE_CR", 1, 1],
    ["a\n\r\r\n", "ERR_CSV_BARE_CR", 2, 2],
    ['"a"\r"b"\n', "ERR_CSV_BARE_CR", 1, 3],
    ["a\n\r", "ERR_CSV_BARE_CR", 2, 2],
  ])("%j is %s at line %i, byte %i", (file, code, line, byteOffset) => {
    expect(scan(file)).toMatchObject({ code, fields: { uri, line, byteOffset } });
  });

  test.each([
    [[0x61, 0x22], "has a quote inside a field that does not begin with one"],
    [[0x22, 0x61, 0x22, 0x62], "has text between a closing quote and the end of the field"],
    [[0x61, 0x0d], "has a carriage return outside quotes without a line feed after it"],
    [[0x22], "has a quoted field that never ends; it opens"],
    [[0x61, 0xff], "is not UTF-8"],
    [[0x61, 0xc3, 0x61], "is not UTF-8"],
    [[0x61, 0xc3], "ends within a UTF-8 sequence"],
    [[0xff, 0x61], "begins with the byte order mark of UTF-16"],
    [[0xfe, 0x61], "begins with the byte order mark of UTF-16"],
    [[0xef, 0xfe], "is not UTF-8"],
  ])("%j are described", (file, what) => {
    const scanner = createRecordScanner({ uri, onRecord: () => {} });
    const scanAll = () => {
      scanner.push(Uint8Array.from(file));
      scanner.end();
    };
    expect(scanAll).toThrow(what);
  });

  test("are described without what stands in them", () => {
    const scanner = createRecordScanner({ uri, onRecord: () => {} });
    const push = () => scanner.push(new TextEncoder().encode('canary"canary'));
    expect(push).toThrow(BulkError);
    expect(push).not.toThrow(/canary/);
  });
});

describe("UTF-8", () => {
  test.each([
    ["a continuation byte alone", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong three-byte form", [0xe0, 0x9f, 0xbf]],
    ["an overlong four-byte form", [0xf0, 0x8f, 0xbf, 0xbf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a byte that never occurs", [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ["a sequence broken off by ASCII", [0xe2, 0x82, 0x2c]],
    ["a sequence broken off by the end", [0xf0, 0x9f, 0x98]],
  ])("with %s is refused, in quotes and outside", (_, sequence) => {
    expect(scan(Uint8Array.of(0x61, 0x0a, ...sequence))).toMatchObject({
      code: "ERR_CSV_NOT_UTF8",
      fields: { uri, line: 2, byteOffset: 2 },
    });
    expect(scan(Uint8Array.of(0x22, 0x0a, ...sequence))).toMatchObject({
      code: "ERR_CSV_NOT_UTF8",
      fields: { uri, line: 2, byteOffset: 2 },
    });
  });

  test("is judged as TextDecoder judges it", () => {
    const lead = fc.integer({ min: 0x80, max: 0xff });
    const rest = fc.array(
      fc.oneof(fc.integer({ min: 0x80, max: 0xbf }), fc.constantFrom(0x61, 0xc3)),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(lead, rest, (first, following) => {
        const file = Uint8Array.of(0x61, first, ...following);
        let valid = true;
        try {
          new TextDecoder("utf-8", { fatal: true }).decode(file);
        } catch {
          valid = false;
        }
        const scanned = scan(file);
        expect("code" in scanned ? scanned.code : "none").toBe(valid ? "none" : "ERR_CSV_NOT_UTF8");
      }),
      { numRuns: propertyRuns(3000) },
    );
  });
});

describe("a record limit", () => {
  test("lets a record of just that length pass, its line end counted", () => {
    expect(scan("abc\r\nd", { maxRecordBytes: 5 })).not.toHaveProperty("code");
    expect(scan("x\nabc\r\nd", { maxRecordBytes: 4 })).toMatchObject({
      code: "ERR_CSV_RECORD_TOO_LARGE",
      fields: { uri, line: 2, byteOffset: 2, bytesSeen: 5, bytesAllowed: 4 },
    });
  });

  test("stops a record that does not end", () => {
    const scanner = createRecordScanner({ uri, onRecord: () => {}, maxRecordBytes: 1000 });
    const chunk = new Uint8Array(100).fill(0x61);
    const endless = () => {
      for (let pushed = 0; pushed < 100; pushed++) scanner.push(chunk);
    };
    expect(endless).toThrow(expect.objectContaining({ code: "ERR_CSV_RECORD_TOO_LARGE" }));
  });

  test.each([
    // A byte that no longer fits is not looked at; one that just fits is.
    ['abc"', "ERR_CSV_RECORD_TOO_LARGE"],
    ['ab"', "ERR_CSV_STRAY_QUOTE"],
    ['x\nab"', "ERR_CSV_STRAY_QUOTE"],
    // What is not whole at the end of the file fits, for it has not come.
    ['"ab', "ERR_CSV_UNCLOSED_QUOTE"],
    ["ab\r", "ERR_CSV_BARE_CR"],
    [Uint8Array.of(0x61, 0xe2, 0x82), "ERR_CSV_NOT_UTF8"],
  ])("of 3 bytes makes of %j an %s", (file, code) => {
    expect(scan(file, { maxRecordBytes: 3 })).toMatchObject({ code });
  });

  test("is not moved by blank lines", () => {
    expect(scan("\n\n\n\n\na\n", { maxRecordBytes: 2 })).not.toHaveProperty("code");
  });
});

test("records and errors do not depend on the chunks", () => {
  const piece = fc.constantFrom("a", "é", "😀", ",", '"', '"', '""', "\n", "\r\n", "\r", "\ufeff");
  const bytes = fc.oneof(
    { weight: 9, arbitrary: piece.map((text) => [...new TextEncoder().encode(text)]) },
    { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }).map((byte) => [byte]) },
  );
  const limit = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 12 }));
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 40 }), limit, (pieces, maxRecordBytes) => {
      const file = Uint8Array.from(pieces.flat());
      const whole = scan(file, { maxRecordBytes });
      const single = scan(file, { maxRecordBytes, chunks: Array(file.length).fill(1) });
      expect(single).toEqual(whole);
      for (let cut = 0; cut <= file.length; cut++) {
        expect(scan(file, { maxRecordBytes, chunks: [cut] })).toEqual(whole);
      }
    }),
    { numRuns: propertyRuns(1000) },
  );
});
