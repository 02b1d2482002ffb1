/** A part's body: a stream of known length that can be opened again, so that a failed PUT can be repeated. */
import { type BodyPiece, BulkError, type Bytes, bytes } from "@headgate/core";
import { joinStretches, type Stretch } from "./read-ahead.ts";
import type { SourceStore } from "./source-store.ts";

export interface RewindableBody {
  /** Length of the body: send it as Content-Length. */
  readonly bytes: Bytes;
  /**
   * Yields the body from its start, as often as it is called. It ends only after exactly `bytes`
   * bytes; otherwise it throws what the source throws, so no short body can look whole.
   */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** The next piece is opened when this much of the current one is still to come: 1 MiB. */
const aheadBytes = 1024 * 1024;

/** Joins pieces into one body without reading any of them yet. */
export function openBody(
  pieces: readonly BodyPiece[],
  source: Pick<SourceStore, "read">,
): RewindableBody {
  const stretches = pieces.map((piece) => stretchOf(piece, source));
  return {
    bytes: bytes(stretches.reduce((sum, stretch) => sum + stretch.bytes, 0)),
    open: (signal) => joinStretches(stretches, { aheadBytes, signal }),
  };
}

function stretchOf(piece: BodyPiece, source: Pick<SourceStore, "read">): Stretch {
  if (piece.kind === "literal") {
    const text = Buffer.from(piece.text);
    return {
      bytes: text.byteLength,
      async *open() {
        if (text.byteLength > 0) yield text;
      },
    };
  }
  const { object, range } = piece;
  const length = range.to - range.from;
  return {
    bytes: length,
    open: (signal) => exactly(length, source.read(object, range, { signal }), object.uri),
  };
}

/** Holds a source to its promise, because a body that is short or long must never end as if it were whole. */
async function* exactly(
  length: number,
  chunks: AsyncIterable<Uint8Array>,
  uri: string,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.byteLength;
    if (seen > length) throw lengthError("ERR_SOURCE_CHANGED", { uri, seen, length });
    yield chunk;
  }
  if (seen < length) throw lengthError("ERR_SOURCE_TRUNCATED", { uri, seen, length });
}

function lengthError(
  code: "ERR_SOURCE_CHANGED" | "ERR_SOURCE_TRUNCATED",
  { uri, seen, length }: { readonly uri: string; readonly seen: number; readonly length: number },
): BulkError {
  return new BulkError(code, `a read of ${length} bytes of ${uri} gave ${seen}`, {
    fields: { uri, bytesSeen: seen, bytesAsked: length },
  });
}
