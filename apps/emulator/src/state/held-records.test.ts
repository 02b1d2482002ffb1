import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeldRecords } from "./held-records.ts";
import { HashSum } from "./record-hash.ts";

// Few distinct words, so that keys collide in shard and slot and gaps get closed.
const word = fc.constantFrom(0, 1, 2, 8, 9, 16, 0x01000000, 0xffffffff);
const step = fc.record({
  kind: fc.constantFrom("upsert", "upsert", "delete"),
  keyHigh: word,
  keyLow: fc.oneof(word, fc.integer({ min: 0, max: 40 })),
  record: fc.integer({ min: 1, max: 3 }),
});

describe("held records", () => {
  it("behave like a map from key to record", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const held = new HeldRecords();
        const model = new Map<string, number>();
        for (const { kind, keyHigh, keyLow, record } of steps) {
          // The two keys that share a slot by design.
          if (keyHigh === 0 && keyLow === 1) continue;
          const key = `${keyHigh}/${keyLow}`;
          const before = model.get(key);
          if (kind === "delete") {
            expect(held.delete(keyHigh, keyLow)).toBe(model.delete(key));
            continue;
          }
          const effect = before === undefined ? "added" : before === record ? "same" : "replaced";
          expect(held.upsert(keyHigh, keyLow, record, 0xffffffff)).toBe(effect);
          model.set(key, record);
        }
        const sum = new HashSum();
        for (const record of model.values()) sum.add(record, 0xffffffff);
        expect(held.size).toBe(model.size);
        expect(held.hash).toBe(sum.toString());
      }),
      { numRuns: 500 },
    );
  });
});
