/** The different keys of one partition with their first places: open addressing in one typed array. */
import { entryBytes, type KeyPlace, placeOf } from "./key-entries.ts";

/** Words of 32 bits in an entry. */
const entryWords = entryBytes / 4;
/** Slots filled at most, so that a search stays short. */
const fill = 0.75;

/** What became of a key: it is new here, or came first at this place, or there is no room for it. */
export type KeyMet = "new" | "full" | KeyPlace;

export interface KeyTable {
  /** Forgets everything and makes ready for so many keys, or as many as there may be. */
  clear(entries: number): void;
  /** Looks up, and remembers, the key whose entry begins at byte `at`. */
  meet(entries: Buffer, at: number): KeyMet;
}

/** A table of at most so many bytes, which is used for one partition after the other. */
export function createKeyTable(maxBytes: number): KeyTable {
  const mostSlots = Math.max(2, 2 ** Math.floor(Math.log2(maxBytes / entryBytes)));
  let memory = Buffer.alloc(0);
  let words = new Uint32Array(0);
  let slots = 0;
  let left = 0;

  return {
    clear(entries) {
      const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, entries) / fill));
      slots = Math.max(2, Math.min(mostSlots, wanted));
      left = Math.floor(slots * fill);
      const length = slots * entryBytes;
      if (memory.length >= length) memory.fill(0, 0, length);
      else {
        memory = Buffer.alloc(length);
        words = new Uint32Array(memory.buffer, memory.byteOffset, slots * entryWords);
      }
    },
    meet(bytes, at) {
      const word = (index: number) => bytes.readUInt32LE(at + 4 * index);
      const [a, b, c, d] = [word(0), word(1), word(2), word(3)];
      // The first bytes are the same in all of a partition; the last ones are not.
      for (let slot = d & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
        const first = slot * entryWords;
        // A line is never 0, so an entry's last word is not.
        if (words[first + entryWords - 1] === 0) {
          if (left === 0) return "full";
          left--;
          bytes.copy(memory, slot * entryBytes, at, at + entryBytes);
          return "new";
        }
        if (
          words[first] === a &&
          words[first + 1] === b &&
          words[first + 2] === c &&
          words[first + 3] === d
        )
          return placeOf(memory, slot * entryBytes);
      }
    },
  };
}
