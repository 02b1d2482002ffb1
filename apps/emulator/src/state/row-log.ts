/** Key hash and record hash of each row of one file, in order, at 16 bytes a row. */
import type { Hash64 } from "./record-hash.ts";

const wordsPerRow = 4;
const firstChunkRows = 64;
const maxChunkRows = 65_536;

/** Rows wait here from their upload until their bulk job is complete. */
export class RowLog {
  readonly #chunks: Uint32Array<ArrayBuffer>[] = [];
  #current = new Uint32Array(0);
  #used = 0;
  #rows = 0;

  /** The rows that another log gave out as chunks. */
  static of(chunks: readonly Uint32Array<ArrayBuffer>[]): RowLog {
    const log = new RowLog();
    for (const chunk of chunks) {
      log.#chunks.push(chunk);
      log.#current = chunk;
      log.#used = chunk.length;
      log.#rows += chunk.length / wordsPerRow;
    }
    return log;
  }

  get rows(): number {
    return this.#rows;
  }

  push(key: Hash64, record: Hash64): void {
    if (this.#used === this.#current.length) this.#grow();
    const chunk = this.#current;
    chunk[this.#used] = key.high;
    chunk[this.#used + 1] = key.low;
    chunk[this.#used + 2] = record.high;
    chunk[this.#used + 3] = record.low;
    this.#used += wordsPerRow;
    this.#rows += 1;
  }

  /** The rows in order, as runs of four words each: key high, key low, record high, record low. */
  *chunks(): Generator<Uint32Array<ArrayBuffer>> {
    for (const chunk of this.#chunks) {
      yield chunk === this.#current ? chunk.subarray(0, this.#used) : chunk;
    }
  }

  #grow(): void {
    const rows = Math.min(
      maxChunkRows,
      Math.max(firstChunkRows, (this.#current.length / wordsPerRow) * 2),
    );
    this.#current = new Uint32Array(rows * wordsPerRow);
    this.#chunks.push(this.#current);
    this.#used = 0;
  }
}
