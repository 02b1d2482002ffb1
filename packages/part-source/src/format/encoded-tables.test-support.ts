/** Tables as CSV, and the same tables in every format that a load may name. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Conversion, Delimiter, Encoding } from "@headgate/core";

/** Windows-1252 of the characters that the tables hold beyond ASCII. */
const latin1Bytes = new Map([
  ["€", 0x80],
  ["’", 0x92],
  ["ü", 0xfc],
]);

/** Rows with quotes, line breaks, every delimiter and text beyond ASCII in their fields. */
export function tableOf(rows: number): readonly (readonly string[])[] {
  const header = ["id", "name", "grüsse"];
  const body = Array.from({ length: rows }, (_, row) => [
    `${row}`,
    ["plain", 'with "quotes"', "a;b,c\td|e", "two\nlines", "", "10 € it’s"][row % 6] ?? "",
    `v${row % 7}`,
  ]);
  return [header, ...body];
}

/** The table with LF, fields quoted only where they must be. */
export function csvOf(table: readonly (readonly string[])[], delimiter: Delimiter = ","): string {
  const cell = (text: string) =>
    new RegExp(`["\r\n${delimiter === "|" ? "\\|" : delimiter}]`).test(text)
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  return table.map((row) => `${row.map(cell).join(delimiter)}\n`).join("");
}

/** Bytes of a text, with a byte order mark where `mark` says so. */
export function encode(text: string, encoding: Encoding, mark = false): Buffer {
  const marked = mark ? `\uFEFF${text}` : text;
  switch (encoding) {
    case "utf-8":
      return Buffer.from(marked);
    case "latin1":
      return Buffer.from([...text].map((char) => latin1Bytes.get(char) ?? char.charCodeAt(0)));
    case "utf-16":
    case "utf-16le":
      return Buffer.from(marked, "utf16le");
    case "utf-16be":
      return Buffer.from(marked, "utf16le").swap16();
  }
}

/** Compresses in several members or frames, as parallel compressors and `cat a.gz b.gz` do. */
export function compress(
  plain: Buffer,
  compression: Conversion["compression"],
  members = 3,
): Buffer {
  if (compression === "none") return plain;
  const one = compression === "gzip" ? gzipSync : zstdCompressSync;
  const length = Math.ceil(plain.length / members);
  return Buffer.concat(
    Array.from({ length: members }, (_, index) =>
      one(plain.subarray(index * length, (index + 1) * length)),
    ),
  );
}

/** Cuts bytes into chunks of these sizes, again and again. */
export async function* inChunks(
  content: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let index = 0; at < content.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield content.subarray(at, at + size);
    at += size;
  }
}
