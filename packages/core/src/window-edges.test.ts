/** The rolling hour at its edges, to the millisecond, over thousands of random histories. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideWindow, defaultSlotLimits, type Slot } from "./slot-ledger.ts";
import { epochMs } from "./units.ts";

const limits = defaultSlotLimits;
const { windowMs, slots: allowed } = limits;

/** Adds a slot at `now` where one is free. */
function ask(granted: Slot[], now: number): boolean {
  if (decideWindow(granted, limits, epochMs(now)).kind !== "grant") return false;
  granted.push({ id: `${granted.length}`, at: epochMs(now), foreign: false });
  return true;
}

function inWindow(granted: readonly Slot[], end: number): number {
  return granted.filter(({ at }) => at <= end && at > end - windowMs).length;
}

describe("a fleet that asks right at the edges", () => {
  it("never has more than 20 creations in a window, nor waits a millisecond too long", () => {
    const offsets = fc.array(fc.tuple(fc.nat(25), fc.constantFrom(-1, 0, 1)), {
      minLength: 25,
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.nat(10 * windowMs), offsets, (start, asks) => {
        const granted: Slot[] = [];
        let now = start;
        for (const [back, offset] of asks) {
          // A window after one of the last slots, give or take a millisecond, or just now.
          const from = granted.at(-1 - back)?.at;
          now = Math.max(now, from === undefined ? now : from + windowMs + offset);
          const isFree = inWindow(granted, now) < allowed;
          if (ask(granted, now) !== isFree) return false;
        }
        return granted.every(({ at }) => inWindow(granted, at) <= allowed);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it("gets no second burst where a fixed window would have begun anew", () => {
    const granted: Slot[] = [];
    expect(ask(granted, 0)).toBe(true);
    const late = windowMs - 1;
    let got = 0;
    for (let n = 0; n < 60; n++) if (ask(granted, late)) got++;
    for (let n = 0; n < 60; n++) if (ask(granted, late + 2)) got++;
    expect(got).toBe(allowed);
    expect(inWindow(granted, late + 2)).toBe(allowed);
  });

  it("loses no slot to a clock that jumps back, however far", () => {
    fc.assert(
      fc.property(fc.nat(2 * windowMs), fc.nat(4 * windowMs), (back, begin) => {
        const granted: Slot[] = [];
        const start = begin + 4 * windowMs;
        for (let n = 0; n < allowed; n++) ask(granted, start + n);
        const jumped = Math.max(0, start - back);
        expect(ask(granted, jumped)).toBe(false);
        const answer = decideWindow(granted, limits, epochMs(jumped));
        expect(answer).toEqual({ kind: "wait", reason: "window", until: start + windowMs });
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
