/**
 * The bytes of one record at a time, from a file that comes in chunks. A record within one chunk is
 * looked at where it lies; one that goes over chunk borders is put together. Nothing else is copied.
 */
import type { ScannedRecord } from "./record-scanner.ts";

/** Bytes that hold a record; offset `base` of the file is their first one. */
export interface BytesOfRecord {
  readonly bytes: Uint8Array;
  readonly base: number;
}

/** Follows a scanner through one file. */
export interface RecordBytes {
  /** Before the scanner gets it: the next chunk of the file. */
  begin(chunk: Uint8Array): void;
  /** Of a record that ends in this chunk, or with the file. Valid until the next call. */
  of(record: ScannedRecord): BytesOfRecord;
  /** After the scanner has had the chunk, with the offset where the record under way began. */
  keep(recordStart: number): void;
}

/** Room for what is kept that is not given back after a large record: 64 KiB. */
const roomKept = 65_536;
const nothing: Uint8Array = new Uint8Array(0);

/** At the first byte of a file. Keeps at most the one record under way. */
export function createRecordBytes(): RecordBytes {
  let chunk = nothing;
  let chunkStart = 0;
  let kept = nothing;
  let keptLength = 0;
  const found: { bytes: Uint8Array; base: number } = { bytes: nothing, base: 0 };

  function append(more: Uint8Array): void {
    const length = keptLength + more.length;
    if (length > kept.length) {
      const larger = new Uint8Array(Math.max(length, 2 * kept.length));
      larger.set(kept.subarray(0, keptLength));
      kept = larger;
    }
    kept.set(more, keptLength);
    keptLength = length;
  }

  return {
    begin(next) {
      chunkStart += chunk.length;
      chunk = next;
    },
    of({ start, end }) {
      if (start >= chunkStart) {
        found.bytes = chunk;
        found.base = chunkStart;
        return found;
      }
      append(chunk.subarray(0, end - chunkStart));
      found.bytes = kept;
      found.base = start;
      return found;
    },
    keep(recordStart) {
      if (recordStart >= chunkStart) {
        keptLength = 0;
        if (kept.length > roomKept) kept = nothing;
      }
      append(chunk.subarray(Math.max(0, recordStart - chunkStart)));
    },
  };
}
