/**
 * The records an object holds: a map from a key's 64-bit hash to the record's 64-bit hash, at about
 * 25 bytes a record, because a Map ends at 16.7 million entries and a tenant may load 70 million.
 * Two keys of one object share a hash with a chance of n^2 / 2^65: 1 in 7,500 for 70 million keys.
 *
 * 256 open-addressing tables, chosen by the key's first byte, so that growing one copies little.
 */
import { HashSum } from "./record-hash.ts";

const shardCount = 256;
const wordsPerSlot = 4;
const firstSlots = 8;

/** What an upsert did: a new key, the identical record again, or another record under the key. */
export type UpsertEffect = "added" | "same" | "replaced";

interface Shard {
  words: Uint32Array;
  used: number;
}

/** The records of one object, by key. */
export class HeldRecords {
  readonly #shards: Shard[] = Array.from({ length: shardCount }, () => ({
    words: new Uint32Array(firstSlots * wordsPerSlot),
    used: 0,
  }));
  readonly #sum = new HashSum();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Sum of the hashes of the records held. */
  get hash(): string {
    return this.#sum.toString();
  }

  upsert(keyHigh: number, keyLow: number, recordHigh: number, recordLow: number): UpsertEffect {
    const shard = this.#shard(keyHigh);
    const low = slotKeyLow(keyHigh, keyLow);
    let at = find(shard.words, keyHigh, low);
    const { words } = shard;
    if (isFree(words, at)) {
      if ((shard.used + 1) * wordsPerSlot * 4 > words.length * 3) {
        grow(shard);
        at = find(shard.words, keyHigh, low);
      }
      shard.words[at] = keyHigh;
      shard.words[at + 1] = low;
      shard.words[at + 2] = recordHigh;
      shard.words[at + 3] = recordLow;
      shard.used += 1;
      this.#size += 1;
      this.#sum.add(recordHigh, recordLow);
      return "added";
    }
    const oldHigh = words[at + 2] ?? 0;
    const oldLow = words[at + 3] ?? 0;
    if (oldHigh === recordHigh && oldLow === recordLow) return "same";
    this.#sum.subtract(oldHigh, oldLow);
    this.#sum.add(recordHigh, recordLow);
    words[at + 2] = recordHigh;
    words[at + 3] = recordLow;
    return "replaced";
  }

  /** Removes a key; whether it was held. */
  delete(keyHigh: number, keyLow: number): boolean {
    const shard = this.#shard(keyHigh);
    const { words } = shard;
    const at = find(words, keyHigh, slotKeyLow(keyHigh, keyLow));
    if (isFree(words, at)) return false;
    this.#sum.subtract(words[at + 2] ?? 0, words[at + 3] ?? 0);
    closeGap(words, at);
    shard.used -= 1;
    this.#size -= 1;
    return true;
  }

  #shard(keyHigh: number): Shard {
    const shard = this.#shards[keyHigh >>> 24];
    if (shard === undefined) throw new RangeError(`not an unsigned 32-bit word: ${keyHigh}`);
    return shard;
  }
}

// Four zero words mark a free slot, so the one key whose hash is zero is stored as another.
function slotKeyLow(keyHigh: number, keyLow: number): number {
  return keyHigh === 0 && keyLow === 0 ? 1 : keyLow;
}

function isFree(words: Uint32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0;
}

function home(words: Uint32Array, keyLow: number): number {
  return (keyLow & (words.length / wordsPerSlot - 1)) * wordsPerSlot;
}

/** Index of the slot that holds the key, or of the free slot where it belongs. */
function find(words: Uint32Array, keyHigh: number, keyLow: number): number {
  let at = home(words, keyLow);
  while (!isFree(words, at) && !(words[at] === keyHigh && words[at + 1] === keyLow)) {
    at = (at + wordsPerSlot) % words.length;
  }
  return at;
}

function grow(shard: Shard): void {
  const old = shard.words;
  const words = new Uint32Array(old.length * 2);
  for (let from = 0; from < old.length; from += wordsPerSlot) {
    if (isFree(old, from)) continue;
    const at = find(words, old[from] ?? 0, old[from + 1] ?? 0);
    words.set(old.subarray(from, from + wordsPerSlot), at);
  }
  shard.words = words;
}

/** Frees slot `gap` and moves later slots of its run up, so that no search ends too early. */
function closeGap(words: Uint32Array, gap: number): void {
  const size = words.length;
  let hole = gap;
  let at = (gap + wordsPerSlot) % size;
  while (!isFree(words, at)) {
    const wanted = home(words, words[at + 1] ?? 0);
    const distance = (at - wanted + size) % size;
    if (distance >= (at - hole + size) % size) {
      words.copyWithin(hole, at, at + wordsPerSlot);
      hole = at;
    }
    at = (at + wordsPerSlot) % size;
  }
  words.fill(0, hole, hole + wordsPerSlot);
}
