/**
 * Keeps the first bytes of a file until its first record is known: the scanner tells where a
 * record lies, and only a header's bytes are ever needed.
 */
import { type Bytes, bytes } from "../units.ts";
import type { ScannedRecord } from "./record-scanner.ts";

/**
 * Most bytes of a header line: it stands in memory until it is whole, so a file without line ends
 * must not fill it. A thousand quoted names of 80 characters, the most a schema has, take 83,000.
 */
export const maxHeaderBytes: Bytes = bytes(1_000_000);

/** The bytes of a file from its start until its first record is known. */
export interface FirstRecord {
  /** Copies the next bytes of the file. */
  keep(chunk: Uint8Array): void;
  /**
   * After the kept bytes were scanned, with the offset where the record under way began: lets go
   * of blank lines, and of everything once the record is longer than a header may be.
   */
  trim(recordStart: number): void;
  /**
   * The first record's bytes with its line end; undefined if it is longer than a header may be, or
   * if some of them were let go.
   */
  bytesOf(record: ScannedRecord): Uint8Array | undefined;
}

/** A keeper at the first byte of a file. */
export function createFirstRecord(): FirstRecord {
  let chunks: Uint8Array[] = [];
  let from = 0;
  let to = 0;
  return {
    keep(chunk) {
      // Not slice(), which for a Buffer is a view of bytes that its owner may use again.
      chunks.push(new Uint8Array(chunk));
      to += chunk.length;
    },
    trim(recordStart) {
      if (recordStart < to && to - recordStart <= maxHeaderBytes) return;
      chunks = [];
      from = to;
    },
    bytesOf({ start, end }) {
      if (start < from || end - start > maxHeaderBytes) return undefined;
      const whole = new Uint8Array(end - start);
      let chunkStart = from;
      for (const chunk of chunks) {
        const begin = Math.max(0, start - chunkStart);
        const part = chunk.subarray(begin, Math.max(begin, end - chunkStart));
        if (part.length > 0) whole.set(part, chunkStart + begin - start);
        chunkStart += chunk.length;
      }
      return whole;
    },
  };
}
