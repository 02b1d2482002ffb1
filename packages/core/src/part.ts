/**
 * A part is one CSV body made of pieces: the header line once (upsert) and byte ranges of pinned
 * source objects, each ending with a record's end. It becomes one file of a bulk job.
 */
import type { Conversion } from "./source-format.ts";
import type { Bytes } from "./units.ts";

/** One CSV in S3 or a local file, pinned: a read of anything else than the pinned bytes fails. */
export interface SourceObject {
  /** `s3://bucket/key` or `file:///path`, with the key percent-encoded as in a URL. */
  readonly uri: string;
  /** As stored. */
  readonly bytes: Bytes;
  /** Opaque to all but the store's adapter: ETag, version id, or a file's identity. */
  readonly pin: string;
  /** Where a symbolic link at `uri` leads; absent where none does. Rights must hold for both. */
  readonly realUri?: string | undefined;
  /** What is done to its bytes before they are CSV. Absent: nothing. */
  readonly conversion?: Conversion | undefined;
}

/** Bytes `from` (included) to `to` (excluded) of a source object, after its conversion. */
export interface ByteRange {
  readonly from: Bytes;
  readonly to: Bytes;
}

/** One stretch of a part's body. */
export type BodyPiece =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "range"; readonly object: SourceObject; readonly range: ByteRange };

/** Byte range of the load's source object number `source`, and whether a line end must be added after it. */
export interface Segment {
  /** Index in the load's list of source objects, from 0. */
  readonly source: number;
  readonly range: ByteRange;
  /** Added after the range where the source ends without a line end; else "". */
  readonly lineEnd: "" | "\n" | "\r\n";
}

/** One part of a load's manifest. */
export interface Part {
  /** Number within the load, from 0. */
  readonly number: number;
  readonly segments: readonly Segment[];
  /** Length of the whole body, header included. */
  readonly bytes: Bytes;
  /** CSV records in the body, the header not counted. */
  readonly records: number;
}
