/**
 * CSV objects of any size that are stored nowhere: the bytes at an offset follow from the offset.
 *
 * An object is a header and records: about 1 MB of records comes again and again, each time with the
 * next ids. So where the n-th record begins is arithmetic, and parts and hashes can be worked out
 * without the scanner that is under test.
 */
import { createHash } from "node:crypto";
import { recordOf, type Style } from "./records.ts";

export interface GeneratedCsv {
  readonly name: string;
  readonly bytes: number;
  readonly records: number;
  /** Names content and size. */
  readonly etag: string;
  /** Where the n-th record begins, or the object ends, from the object's start. */
  readonly offsetOf: (record: number) => number;
  /** Bytes `from` (included) to `to` (excluded), in chunks of at most 256 KiB. */
  readonly generate: (from: number, to: number) => Generator<Uint8Array, void, undefined>;
}

export const header = "id,customer,amount,placed_at,note\n";

const patternBytes = 1_000_000;
const chunkBytes = 256 * 1024;
const idDigits = 11;

/** Records that come again and again. */
interface Pattern {
  readonly bytes: Buffer;
  /** Where each record begins; one more than there are records, the last is the pattern's length. */
  readonly starts: readonly number[];
}

/** An object of at most `maxBytes` bytes, which it misses by less than a record. */
export function generatedCsv(name: string, style: Style, maxBytes: number): GeneratedCsv {
  const pattern = patternOf(name, style);
  const count = pattern.starts.length - 1;
  const offsetOf = (record: number): number =>
    header.length +
    Math.floor(record / count) * pattern.bytes.length +
    (pattern.starts[record % count] ?? 0);
  const records = greatest((record) => offsetOf(record) <= maxBytes);
  const bytes = offsetOf(records);
  const etag = createHash("sha256").update(pattern.bytes).update(`${name} ${bytes}`).digest("hex");

  /** The records of one repetition, which begins `first` records after the object's first one. */
  function repetition(first: number): Buffer {
    const chunk = Buffer.from(pattern.bytes);
    for (let index = 0; index < count; index++) {
      let left = first + index;
      const idEnd = (pattern.starts[index] ?? 0) + idDigits;
      for (let at = idEnd; left > 0; at--) {
        chunk[at] = 48 + (left % 10);
        left = Math.floor(left / 10);
      }
    }
    return chunk;
  }

  function* generate(from: number, to: number): Generator<Uint8Array, void, undefined> {
    if (from < header.length) yield Buffer.from(header).subarray(from, to);
    let at = Math.max(from, header.length);
    while (at < to) {
      const number = Math.floor((at - header.length) / pattern.bytes.length);
      const start = header.length + number * pattern.bytes.length;
      const chunk = repetition(number * count).subarray(at - start, to - start);
      for (let sent = 0; sent < chunk.length; sent += chunkBytes)
        yield chunk.subarray(sent, sent + chunkBytes);
      at += chunk.length;
    }
  }
  return { name, bytes, records, etag, offsetOf, generate };
}

/** The greatest number from 0 on for which `holds`, which holds for 0 and never again once it fails. */
export function greatest(holds: (candidate: number) => boolean): number {
  let low = 0;
  let high = 1;
  while (holds(high)) high *= 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function patternOf(name: string, style: Style): Pattern {
  const starts = [0];
  const records: Buffer[] = [];
  let bytes = 0;
  while (bytes < patternBytes) {
    // One letter of the object and digits, which each repetition overwrites with its own.
    const id = name.slice(0, 1) + "0".repeat(idDigits);
    const record = Buffer.from(recordOf(id, records.length, style));
    records.push(record);
    bytes += record.length;
    starts.push(bytes);
  }
  return { bytes: Buffer.concat(records), starts };
}
