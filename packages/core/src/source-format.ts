/** How the bytes of a source object become the CSV that is cut: RFC 4180, comma, UTF-8. */

/** `auto`: by the end of the object's name, `.gz` or `.zst`, before a query of ours. */
export const compressions = ["auto", "none", "gzip", "zstd"] as const;
export type Compression = (typeof compressions)[number];

/** `utf-16` goes by its byte order mark, which must be there; `latin1` is ISO 8859-1 read as windows-1252. */
export const encodings = ["utf-8", "utf-16", "utf-16le", "utf-16be", "latin1"] as const;
export type Encoding = (typeof encodings)[number];

export const delimiters = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof delimiters)[number];

/** What a load says of its source objects. Defaults: `auto`, `utf-8`, `,`. */
export interface SourceFormat {
  readonly compression?: Compression | undefined;
  readonly encoding?: Encoding | undefined;
  readonly delimiter?: Delimiter | undefined;
}

/** What is done to one source object's bytes on the way. */
export interface Conversion {
  readonly compression: "none" | "gzip" | "zstd";
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
}

/** The conversion of one object; undefined where its bytes are taken as they are. */
export function conversionOf(format: SourceFormat, uri: string): Conversion | undefined {
  const { compression = "auto", encoding = "utf-8", delimiter = "," } = format;
  const resolved = compression === "auto" ? byName(uri) : compression;
  if (resolved === "none" && encoding === "utf-8" && delimiter === ",") return undefined;
  return { compression: resolved, encoding, delimiter };
}

function byName(uri: string): Conversion["compression"] {
  if (/\.gz$/i.test(uri)) return "gzip";
  return /\.zst$/i.test(uri) ? "zstd" : "none";
}
