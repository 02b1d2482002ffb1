/** Knows compressed bytes by how they begin. No CSV in UTF-8 begins so. */
import { formatError } from "./format-error.ts";
import { joinFirst } from "./join-first.ts";

/** Sources: RFC 1952 2.3.1 (deflate, the one method there is), RFC 8878 3.1.1. */
const magics = [
  { name: "gzip", bytes: Buffer.from([0x1f, 0x8b, 0x08]) },
  { name: "zstd", bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
] as const;

/** Bytes that tell a compression. */
export const magicBytes = 4;

/** The compression whose mark the bytes begin with. */
export function compressionOf(head: Uint8Array): "gzip" | "zstd" | undefined {
  return magics.find(({ bytes }) => bytes.equals(head.subarray(0, bytes.byteLength)))?.name;
}

/** Yields the same bytes; throws ERR_SOURCE_FORMAT where they are compressed though `expected` says not. */
export async function* refuseCompressed(
  chunks: AsyncIterable<Uint8Array>,
  { uri, expected }: { readonly uri: string; readonly expected: "none" | "once" },
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of joinFirst(chunks, magicBytes)) {
    const seen = isFirst ? compressionOf(chunk) : undefined;
    if (seen !== undefined) {
      const problem =
        expected === "none"
          ? `is compressed with ${seen}, but is to be read as not compressed; set format.compression to "${seen}"`
          : `is compressed twice: what it holds is compressed with ${seen}`;
      throw formatError(uri, problem, { compressionSeen: seen });
    }
    isFirst = false;
    yield chunk;
  }
}
