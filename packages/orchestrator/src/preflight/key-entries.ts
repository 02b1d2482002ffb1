/**
 * One key of a scan and its place, in 28 bytes: 16 of a keyed hash, 4 of the source object's number,
 * 8 of the line. The secret is new for each scan and never leaves memory, so what lies in scratch
 * space tells nothing about the keys, and no input can be made to fill one partition.
 *
 * SHA-256 over secret and key, cut to half, is a sound keyed hash (a cut one cannot be extended) and
 * a fifth of an HMAC's cost, which is most of the cost of a scan. Two of 10^9 different keys have
 * one hash with a probability of 10^-21.
 */
import { hash, randomBytes } from "node:crypto";

/** Bytes of one entry. */
export const entryBytes = 28;
/** Bytes of the hash that an entry begins with. */
const hashBytes = 16;

const secretBytes = 32;

/** Where a key stands. */
export interface KeyPlace {
  /** Number of the source object, from 0. */
  readonly source: number;
  readonly line: number;
}

/** Writes entries of one scan. */
export type WriteEntry = (key: Uint8Array, place: KeyPlace, to: Buffer) => void;

/** A writer with a secret of its own; it writes to the first bytes of `to`. */
export function createEntryWriter(): WriteEntry {
  const secret = randomBytes(secretBytes);
  const room = Buffer.concat([secret, Buffer.alloc(1024)]);
  return (key, { source, line }, to) => {
    const length = secretBytes + key.length;
    if (length <= room.length) room.set(key, secretBytes);
    const input = length <= room.length ? room.subarray(0, length) : Buffer.concat([secret, key]);
    // As text, because a buffer for each digest costs three times as much.
    to.write(hash("sha256", input, "binary"), 0, hashBytes, "latin1");
    to.writeUInt32LE(source, hashBytes);
    to.writeDoubleLE(line, hashBytes + 4);
  };
}

/** The place in the entry that begins at byte `at`. */
export function placeOf(entries: Buffer, at: number): KeyPlace {
  return {
    source: entries.readUInt32LE(at + hashBytes),
    line: entries.readDoubleLE(at + hashBytes + 4),
  };
}

/** Cuts a stream of bytes into pieces of whole entries. */
export async function* wholeEntries(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? asBuffer(chunk) : Buffer.concat([rest, chunk]);
    const end = bytes.length - (bytes.length % entryBytes);
    if (end > 0) yield bytes.subarray(0, end);
    rest = Buffer.from(bytes.subarray(end));
  }
  if (rest.length > 0) throw new TypeError("scratch space holds a broken entry");
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
