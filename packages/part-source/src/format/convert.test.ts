import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import {
  bytes,
  type Conversion,
  compressions,
  delimiters,
  encodings,
  type SourceObject,
} from "@headgate/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collect } from "../conformance/subject.ts";
import { type ConversionBounds, convert } from "./convert.ts";
import { compress, csvOf, encode, inChunks, tableOf } from "./encoded-tables.test-support.ts";

const uri = "file:///exports/a.csv.gz";

function objectOf(stored: Uint8Array, conversion?: Conversion): SourceObject {
  return { uri, bytes: bytes(stored.byteLength), pin: "1", conversion };
}

async function converted(
  stored: Uint8Array,
  conversion?: Conversion,
  { sizes = [4096], ...bounds }: ConversionBounds & { readonly sizes?: readonly number[] } = {},
): Promise<Buffer> {
  const object = objectOf(stored, conversion);
  return Buffer.concat(await collect(convert(inChunks(stored, sizes), object, bounds)));
}

const plain = { compression: "none", encoding: "utf-8", delimiter: "," } as const;
const gzip = { ...plain, compression: "gzip" } as const;
const zstd = { ...plain, compression: "zstd" } as const;

describe("every combination of formats", () => {
  const combinations = compressions
    .filter((compression) => compression !== "auto")
    .flatMap((compression) =>
      encodings.flatMap((encoding) =>
        delimiters.flatMap((delimiter) =>
          [false, true]
            .filter((mark) => (encoding === "utf-16" ? mark : encoding !== "latin1" || !mark))
            .map((mark) => ({ compression, encoding, delimiter, mark })),
        ),
      ),
    );

  test.each(combinations)("gives the CSV: %o", async ({ mark, ...conversion }) => {
    const table = tableOf(200);
    const text = csvOf(table, conversion.delimiter);
    const stored = compress(encode(text, conversion.encoding, mark), conversion.compression);
    const seen = await converted(stored, conversion, { sizes: [1, 2, 1000, 7] });
    // Without a decoding the mark stays, and the planner takes it.
    const keepsMark = mark && conversion.encoding === "utf-8" && conversion.delimiter === ",";
    expect(seen.toString()).toBe((keepsMark ? "\uFEFF" : "") + csvOf(table));
  });
});

test("chunk borders play no role, wherever they fall", async () => {
  const conversion = { compression: "zstd", encoding: "utf-16", delimiter: ";" } as const;
  for (const compression of ["gzip", "zstd"] as const) {
    const table = tableOf(40);
    const stored = compress(encode(csvOf(table, ";"), "utf-16", true), compression, 5);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        async (sizes) => {
          const seen = await converted(stored, { ...conversion, compression }, { sizes });
          expect(seen.toString()).toBe(csvOf(table));
        },
      ),
      { numRuns: 40 },
    );
  }
});

describe("compressed bytes", () => {
  const text = Buffer.from(csvOf(tableOf(500)));

  test.each(["gzip", "zstd"] as const)(
    "of %s are refused wherever they are cut off",
    async (compression) => {
      const stored = compress(text, compression, 1);
      for (let length = stored.length - 1; length > 0; length -= 97) {
        const cut = stored.subarray(0, length);
        await expect(converted(cut, { ...plain, compression })).rejects.toMatchObject({
          code: "ERR_SOURCE_FORMAT",
          fields: { uri },
        });
      }
    },
  );

  test.each([
    ["gzip", "text"],
    ["gzip", "\0\0\0\0"],
    ["gzip", "x"],
    ["zstd", "text"],
    ["zstd", "\0"],
  ] as const)("of %s are refused with %j after their end", async (compression, more) => {
    const stored = Buffer.concat([compress(text, compression, 1), Buffer.from(more)]);
    for (const sizes of [[1], [1000], [1e6]]) {
      await expect(converted(stored, { ...plain, compression }, { sizes })).rejects.toMatchObject({
        code: "ERR_SOURCE_FORMAT",
        fields: { uri },
      });
    }
  });

  test.each([
    ["gzip", gzipSync(text)],
    ["zstd", zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ] as const)(
    "of %s are refused with a bit turned, for their checksum",
    async (compression, stored) => {
      for (let at = 20; at < stored.length; at += 101) {
        const damaged = Buffer.from(stored);
        damaged[at] = (damaged[at] ?? 0) ^ 4;
        await expect(converted(damaged, { ...plain, compression })).rejects.toMatchObject({
          code: "ERR_SOURCE_FORMAT",
          fields: { uri },
        });
      }
    },
  );

  test("are refused with the bytes between which the fault lies", async () => {
    const stored = gzipSync(text);
    stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
    await expect(
      converted(stored, { ...plain, compression: "gzip" }, { sizes: [1000] }),
    ).rejects.toMatchObject({
      message: expect.stringContaining(
        `between bytes ${Math.floor((stored.length - 1) / 1000) * 1000} and ${stored.length}`,
      ),
    });
  });

  test.each([
    ["plain text", Buffer.from("id,name\n1,a\n")],
    ["nothing", Buffer.alloc(0)],
    ["the other compression", undefined],
  ])("are refused where there is %s", async (_, stored) => {
    for (const [one, other] of [
      ["gzip", "zstd"],
      ["zstd", "gzip"],
    ] as const) {
      const content = stored ?? compress(text, other);
      await expect(converted(content, { ...plain, compression: one })).rejects.toMatchObject({
        code: "ERR_SOURCE_FORMAT",
        message: expect.stringContaining(one),
      });
    }
  });

  test.each(["gzip", "zstd"] as const)(
    "of %s are found where none are to be",
    async (compression) => {
      const stored = compress(text, compression);
      for (const conversion of [undefined, { ...plain, encoding: "latin1" } as const]) {
        await expect(converted(stored, conversion, { sizes: [1] })).rejects.toMatchObject({
          code: "ERR_SOURCE_FORMAT",
          fields: { uri, compressionSeen: compression },
        });
      }
    },
  );

  test("are found within compressed bytes", async () => {
    const stored = compress(compress(text, "gzip", 1), "zstd", 1);
    await expect(converted(stored, zstd)).rejects.toMatchObject({
      fields: { uri, compressionSeen: "gzip" },
    });
  });

  test.each([gzip, zstd])("may not expand without bound: $compression", async (conversion) => {
    const bomb = compress(Buffer.alloc(80_000_000, "a"), conversion.compression, 1);
    await expect(converted(bomb, conversion, { maxExpansion: 10 })).rejects.toMatchObject({
      code: "ERR_SOURCE_FORMAT",
      fields: { uri, bytesAllowed: 64 * 1024 * 1024 },
    });
  });

  test("hold nothing: a member of no bytes is taken as an empty file", async () => {
    expect(await converted(compress(Buffer.alloc(0), "gzip", 1), gzip)).toHaveLength(0);
  });
});

describe("text", () => {
  test("in UTF-16 without a byte order mark needs a byte order by name", async () => {
    await expect(
      converted(encode("id\n1\n", "utf-16le"), { ...plain, encoding: "utf-16" }),
    ).rejects.toMatchObject({
      code: "ERR_SOURCE_FORMAT",
      message: expect.stringContaining('"utf-16le" or "utf-16be"'),
    });
  });

  test.each([
    ["utf-16le", "utf-16be"],
    ["utf-16be", "utf-16le"],
    ["latin1", "utf-8"],
    ["utf-16", "utf-8"],
  ] as const)("said to be %s is refused with the mark of %s", async (encoding, mark) => {
    await expect(
      converted(encode("id\n1\n", mark, true), { ...plain, encoding }, { sizes: [1] }),
    ).rejects.toMatchObject({ code: "ERR_SOURCE_FORMAT", fields: { uri, encoding } });
  });

  test.each([
    ["utf-16le", "a lone surrogate", [0x00, 0xd8, 0x41, 0x00]],
    ["utf-16be", "a lone surrogate", [0xdc, 0x00, 0x00, 0x41]],
    ["utf-16le", "half a character at its end", [0x41, 0x00, 0x0a]],
    ["utf-8", "a cut sequence", [0x41, 0xc3, 0x0a]],
  ] as const)("in %s with %s is refused", async (encoding, _, content) => {
    const conversion = { ...plain, encoding, delimiter: ";" } as const;
    for (const sizes of [[1], [100]])
      await expect(converted(Buffer.from(content), conversion, { sizes })).rejects.toMatchObject({
        code: "ERR_SOURCE_FORMAT",
        fields: { uri, encoding },
      });
  });

  test("in latin1 is read as windows-1252, so no byte is wrong", async () => {
    const every = Buffer.from(Array.from({ length: 128 }, (_, index) => 128 + index));
    const seen = await converted(every, { ...plain, encoding: "latin1" });
    expect(seen.toString()).toHaveLength(128);
    expect(seen.toString().startsWith("€")).toBe(true);
  });
});

describe("delimited text", () => {
  const semicolons = { ...plain, delimiter: ";" } as const;

  test.each([
    ["CRLF", 'id;n\r\n1;"a\r\nb"\r\n', 'id,n\n1,"a\r\nb"\n'],
    ["commas in fields", "id;n\n1;a,b\n", 'id,n\n1,"a,b"\n'],
    ["blank lines, which stay", "id;n\n\n1;a\n\n\n2;b\n", "id,n\n\n1,a\n\n\n2,b\n"],
    ["a column of empty fields", 'id\n""\n1\n', 'id\n""\n1\n'],
    ["no line end after the last record", "id;n\n1;a", "id,n\n1,a\n"],
    ["a lone CR in a field", 'id;n\n1;"a\rb"\n', 'id,n\n1,"a\rb"\n'],
    ["records of other lengths, which the planner judges", "id;n\n1\n1;2;3\n", "id,n\n1\n1,2,3\n"],
    ["nothing", "", ""],
  ])("has %s", async (_, text, csv) => {
    expect((await converted(Buffer.from(text), semicolons, { sizes: [3] })).toString()).toBe(csv);
  });

  test.each([
    ["a quote within a field", 'id;n\n1;a"b\n2;c\n', 2],
    ["text after a closing quote", 'id;n\n1;x\n2;"a"b\n', 3],
    ["a quote that does not end", 'id;n\n1;"secret\n2;c\n', undefined],
  ])("with %s is refused by its line, without its text", async (_, text, line) => {
    const failure = await converted(Buffer.from(text), semicolons).catch((error) => error);
    expect(failure).toMatchObject({
      code: "ERR_SOURCE_FORMAT",
      fields: { uri, line: line ?? expect.any(Number) },
    });
    expect(failure.message).not.toMatch(/secret|a"/);
    expect(failure.cause).toBeUndefined();
  });

  test("with a record over the limit is refused before it is in memory", async () => {
    const text = Buffer.concat([Buffer.from('id;n\n1;"'), Buffer.alloc(300_000, "x")]);
    await expect(converted(text, semicolons, { maxRecordBytes: 100_000 })).rejects.toMatchObject({
      code: "ERR_SOURCE_FORMAT",
      fields: { uri, bytesAllowed: 100_000 },
    });
  });
});

test("leaving early ends the read of the stored bytes, from every stage", async () => {
  const text = csvOf(tableOf(20_000), ";");
  for (const conversion of [
    plain,
    gzip,
    { ...zstd, encoding: "utf-16" },
    { ...gzip, encoding: "utf-16", delimiter: ";" },
  ] as const) {
    const content = compress(encode(text, conversion.encoding, true), conversion.compression);
    let isOpen = true;
    async function* stored() {
      try {
        yield* inChunks(content, [1000]);
      } finally {
        isOpen = false;
      }
    }
    for await (const _ of convert(stored(), objectOf(content, conversion))) break;
    expect(isOpen).toBe(false);
  }
});

test("an error of the store comes through as it is", async () => {
  const broken = new Error("store");
  async function* stored() {
    yield encode("id;n\n", "utf-16", true);
    throw broken;
  }
  const conversion = { compression: "none", encoding: "utf-16", delimiter: ";" } as const;
  const reading = collect(convert(stored(), objectOf(Buffer.alloc(9), conversion)));
  await expect(reading).rejects.toBe(broken);
});
