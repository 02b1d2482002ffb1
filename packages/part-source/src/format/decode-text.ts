/** Streaming text decoding: any encoding that a load may name, to strings. */
import type { Encoding } from "@headgate/core";
import { formatError } from "./format-error.ts";
import { joinFirst } from "./join-first.ts";

/**
 * Yields the text without its byte order mark. Throws ERR_SOURCE_FORMAT where bytes are not of the
 * encoding, where "utf-16" has no byte order mark, and where the mark is another encoding's.
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  { uri, encoding }: { readonly uri: string; readonly encoding: Encoding },
): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let reached = 0;

  function decode(chunk?: Uint8Array): string {
    try {
      return (chunk === undefined ? decoder?.decode() : decoder?.decode(chunk, streaming)) ?? "";
    } catch {
      // No cause: it would say no more than that the bytes are wrong.
      throw formatError(uri, `has bytes that are not ${encoding}, near byte ${reached}`, {
        encoding,
        near: reached,
      });
    }
  }

  for await (const chunk of joinFirst(chunks, markBytes)) {
    decoder ??= new TextDecoder(labelOf(chunk, { uri, encoding }), { fatal: true });
    const text = decode(chunk);
    reached += chunk.byteLength;
    if (text !== "") yield text;
  }
  const text = decode();
  if (text !== "") yield text;
}

const streaming = { stream: true } as const;

/** Byte order marks. Source: The Unicode Standard, 23.8 "Specials". */
const marks = [
  { encoding: "utf-8", bytes: Buffer.from([0xef, 0xbb, 0xbf]) },
  { encoding: "utf-16le", bytes: Buffer.from([0xff, 0xfe]) },
  { encoding: "utf-16be", bytes: Buffer.from([0xfe, 0xff]) },
] as const;
const markBytes = 3;

/** The decoder's label for a stream that begins with `head`. */
function labelOf(
  head: Uint8Array,
  { uri, encoding }: { readonly uri: string; readonly encoding: Encoding },
): string {
  const seen = marks.find(({ bytes }) =>
    bytes.equals(head.subarray(0, bytes.byteLength)),
  )?.encoding;
  if (encoding === "utf-16") {
    if (seen === "utf-16le" || seen === "utf-16be") return seen;
    const problem = `has no byte order mark of UTF-16; set format.encoding to "utf-16le" or "utf-16be"`;
    throw formatError(uri, problem, { encoding });
  }
  if (seen !== undefined && seen !== encoding) {
    const problem = `begins with the byte order mark of ${seen}, but is to be read as ${encoding}`;
    throw formatError(uri, problem, { encoding, encodingSeen: seen });
  }
  // The Encoding Standard reads all labels of ISO 8859-1 as windows-1252; named so to say it.
  return encoding === "latin1" ? "windows-1252" : encoding;
}
