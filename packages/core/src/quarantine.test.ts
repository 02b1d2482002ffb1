import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSuspect, isToBlame } from "./quarantine.ts";

it("what a worker has died of is a suspect from the first death on", () => {
  expect([0, 1, 2].map(isSuspect)).toEqual([false, true, true]);
});

describe("a load is to blame for the deaths of its workers", () => {
  it("from the third in a row on, where no other worker has died", () => {
    const blamed = [1, 2, 3, 4].map((own) => isToBlame({ own, fleet: own }));
    expect(blamed).toEqual([false, false, true, true]);
  });

  it("also where its last deaths, or none, are noticed by the fleet", () => {
    expect(isToBlame({ own: 3, fleet: 2 })).toBe(true);
    expect(isToBlame({ own: 3, fleet: 0 })).toBe(true);
  });

  it("not where a third of the deaths or more are others'", () => {
    expect(isToBlame({ own: 3, fleet: 4 })).toBe(true);
    expect(isToBlame({ own: 4, fleet: 6 })).toBe(false);
    expect(isToBlame({ own: 5, fleet: 7 })).toBe(true);
  });

  it("in the end, whatever else has died: each further death of its own adds to it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (others) => {
        const own = Math.max(3, 2 * others + 1);
        expect(isToBlame({ own, fleet: own + others })).toBe(true);
        expect(isToBlame({ own: own - 1, fleet: own - 1 + others })).toBe(false);
      }),
    );
  });
});
