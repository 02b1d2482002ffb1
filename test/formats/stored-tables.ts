/** Files as other systems write them, and what an independent reader finds in them. */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { SourceFormat } from "@headgate/core";
import Papa from "papaparse";

/** One way to store a table. */
export interface StoredFormat {
  readonly compression: "none" | "gzip" | "zstd";
  readonly encoding: NonNullable<SourceFormat["encoding"]>;
  readonly delimiter: NonNullable<SourceFormat["delimiter"]>;
}

/** The bytes of a table in a format; UTF-16 always with its byte order mark. */
export function store(rows: readonly (readonly string[])[], format: StoredFormat): Buffer {
  const text = Papa.unparse(
    rows.map((row) => [...row]),
    { delimiter: format.delimiter, newline: "\r\n" },
  );
  const encoded = encode(text, format.encoding);
  if (format.compression === "none") return encoded;
  return format.compression === "gzip" ? gzipSync(encoded) : zstdCompressSync(encoded);
}

/** What Papa Parse reads in stored bytes, the header left out. */
export function recordsOf(
  stored: Buffer,
  { compression, encoding, delimiter }: StoredFormat,
): string[][] {
  const plain =
    compression === "none"
      ? stored
      : compression === "gzip"
        ? gunzipSync(stored)
        : zstdDecompressSync(stored);
  const text = decode(plain, encoding).replace(/^\uFEFF/, "");
  return Papa.parse<string[]>(text, { delimiter, skipEmptyLines: true }).data.slice(1);
}

function encode(text: string, encoding: StoredFormat["encoding"]): Buffer {
  switch (encoding) {
    case "utf-8":
    case "latin1":
      return Buffer.from(text, encoding);
    case "utf-16":
    case "utf-16le":
      return Buffer.from(`\uFEFF${text}`, "utf16le");
    case "utf-16be":
      return Buffer.from(`\uFEFF${text}`, "utf16le").swap16();
  }
}

function decode(content: Buffer, encoding: StoredFormat["encoding"]): string {
  switch (encoding) {
    case "utf-8":
    case "latin1":
      return content.toString(encoding);
    case "utf-16":
    case "utf-16le":
      return content.toString("utf16le");
    case "utf-16be":
      return Buffer.from(content).swap16().toString("utf16le");
  }
}
