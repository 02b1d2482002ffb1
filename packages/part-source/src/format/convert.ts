/** The stages that make CSV of stored bytes, joined as a source object's conversion says. */
import type { SourceObject } from "@headgate/core";
import { refuseCompressed } from "./compression-magic.ts";
import { decodeText } from "./decode-text.ts";
import { decompress } from "./decompress.ts";
import { toCommas } from "./to-commas.ts";

/** What a conversion may cost. */
export interface ConversionBounds {
  /**
   * A compressed object may expand to so many times its stored bytes, and to 64 MiB in any case;
   * default 1,000. Deflate reaches 1,032; CSV compresses to a tenth, and seldom to a hundredth.
   */
  readonly maxExpansion?: number | undefined;
  /** Most bytes of one record whose delimiter is rewritten, which are held in memory; default 16 MiB. */
  readonly maxRecordBytes?: number | undefined;
}

/** What any compressed object may expand to: 64 MiB, since a small file of equal rows expands most. */
const alwaysAllowedBytes = 64 * 1024 * 1024;

/**
 * Yields the CSV that all stored bytes of an object hold; the same bytes always give the same CSV,
 * whatever the chunks they come in. A few chunks are held at a time. Throws ERR_SOURCE_FORMAT, and
 * what `stored` throws.
 */
export function convert(
  stored: AsyncIterable<Uint8Array>,
  { uri, bytes, conversion }: SourceObject,
  { maxExpansion = 1000, maxRecordBytes = 16 * 1024 * 1024 }: ConversionBounds = {},
): AsyncIterable<Uint8Array> {
  if (conversion === undefined) return refuseCompressed(stored, { uri, expected: "none" });
  const { compression, encoding, delimiter } = conversion;
  const maxBytes = Math.max(alwaysAllowedBytes, maxExpansion * bytes);
  const plain =
    compression === "none"
      ? refuseCompressed(stored, { uri, expected: "none" })
      : refuseCompressed(decompress(stored, { uri, compression, maxBytes }), {
          uri,
          expected: "once",
        });
  // The planner itself finds bytes that are not UTF-8, with their line.
  if (encoding === "utf-8" && delimiter === ",") return plain;
  const text = decodeText(plain, { uri, encoding });
  if (delimiter === ",") return encode(text);
  return toCommas(text, { uri, delimiter, maxRecordBytes });
}

async function* encode(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of text) yield Buffer.from(chunk);
}
