/**
 * Entries spread over 256 partitions by one byte of their hash. What does not fit into memory goes
 * to scratch space, which is opened only then; order within a partition is kept.
 */
import type { Scratch } from "../ports.ts";
import { entryBytes } from "./key-entries.ts";

/** Entries of a partition that wait in memory: 57 KB each, 15 MB in all. */
const bufferedEntries = 2048;

export interface KeyPartitions {
  /** The byte of the hash that they go by, from 0. */
  readonly depth: number;
  /** What their names in scratch space begin with. */
  readonly name: string;
  /** Room for the next entry; `commit` takes it. */
  readonly next: Buffer;
  /** Takes the entry that was written to `next`. */
  commit(): void;
  /** Writes full buffers away. Call it often, or they fill the memory. */
  flush(): Promise<void>;
  /** Numbers of the partitions that have entries, and how many. */
  sizes(): Iterable<readonly [partition: number, entries: number]>;
  /** The entries of a partition in order, in pieces; no more are taken after that. */
  read(partition: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

interface Partition {
  entries: number;
  buffer: Buffer;
  used: number;
}

/** Empty partitions by hash byte number `depth`; in scratch space each is `<name>-<byte>`. */
export function createKeyPartitions(options: {
  readonly openScratch: () => Promise<Scratch>;
  readonly name: string;
  readonly depth: number;
}): KeyPartitions {
  const { openScratch, name, depth } = options;
  const next = Buffer.alloc(entryBytes);
  const partitions = new Map<number, Partition>();
  const full: { readonly partition: number; readonly bytes: Buffer }[] = [];
  const written = new Set<number>();
  /** Buffers that were written away; they are used again, for ten thousands come and go. */
  const free: Buffer[] = [];

  function partitionOf(byte: number): Partition {
    const found = partitions.get(byte);
    if (found !== undefined) return found;
    const made = { entries: 0, buffer: Buffer.allocUnsafeSlow(0), used: 0 };
    partitions.set(byte, made);
    return made;
  }

  return {
    depth,
    name,
    next,
    commit() {
      const byte = next[depth] ?? 0;
      const partition = partitionOf(byte);
      if (partition.used === partition.buffer.length) makeRoom(byte, partition);
      next.copy(partition.buffer, partition.used);
      partition.used += entryBytes;
      partition.entries++;
    },
    async flush() {
      if (full.length === 0) return;
      const scratch = await openScratch();
      for (const { partition, bytes } of full.splice(0)) {
        written.add(partition);
        await scratch.append(`${name}-${partition}`, bytes);
        free.push(bytes);
      }
    },
    *sizes() {
      for (const [partition, { entries }] of partitions) yield [partition, entries];
    },
    async *read(byte, signal) {
      if (written.has(byte)) yield* (await openScratch()).read(`${name}-${byte}`, { signal });
      const partition = partitionOf(byte);
      yield partition.buffer.subarray(0, partition.used);
    },
  };

  /** Buffers grow, because most loads are small; a full one is handed over to be written. */
  function makeRoom(byte: number, partition: Partition): void {
    const { buffer } = partition;
    const most = bufferedEntries * entryBytes;
    if (buffer.length < most) {
      partition.buffer = Buffer.allocUnsafeSlow(
        Math.min(most, Math.max(8 * entryBytes, 2 * buffer.length)),
      );
      buffer.copy(partition.buffer);
      return;
    }
    full.push({ partition: byte, bytes: buffer });
    partition.buffer = free.pop() ?? Buffer.allocUnsafeSlow(most);
    partition.used = 0;
  }
}
