/**
 * The hash by which anybody can check what the emulator received, in any order of records.
 *
 * Hash of a record: the first 8 bytes, big-endian, of SHA-256 over the JSON array of its field
 * strings in file order (UTF-8, no blanks between). Hash of many records: the sum of theirs modulo
 * 2^64, written as 16 lower-case hex digits.
 */
import { hash } from "node:crypto";

/** 64 bits as two unsigned 32-bit halves: BigInt arithmetic per record would cost more than SHA-256. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** First 8 bytes of SHA-256 over the UTF-8 text. */
export function hashText(text: string): Hash64 {
  const digest = hash("sha256", text, "buffer");
  return { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}

/** Hash of one record, given its field strings in file order. */
export function hashRecord(fields: readonly string[]): Hash64 {
  return hashText(JSON.stringify(fields));
}

/** A sum of hashes modulo 2^64. */
export class HashSum {
  #high = 0;
  #low = 0;

  /** The sum that `toString` wrote. */
  static parse(hex: string): HashSum {
    const sum = new HashSum();
    sum.add(Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16));
    return sum;
  }

  add(high: number, low: number): void {
    const sum = this.#low + low;
    this.#low = sum >>> 0;
    this.#high = (this.#high + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }

  subtract(high: number, low: number): void {
    const difference = this.#low - low;
    this.#low = difference >>> 0;
    this.#high = (this.#high - high - (difference < 0 ? 1 : 0)) >>> 0;
  }

  addSum(other: HashSum): void {
    this.add(other.#high, other.#low);
  }

  /** 16 hex digits. */
  toString(): string {
    return this.#high.toString(16).padStart(8, "0") + this.#low.toString(16).padStart(8, "0");
  }
}
