import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slotWindowMs } from "./limits.ts";
import {
  createDeadlineMs,
  decideHistory,
  decideSlot,
  decideWindow,
  defaultSlotLimits,
  emptySlotLedger,
  gateSpan,
  limitsLeaving,
  type Slot,
  type SlotLimits,
} from "./slot-ledger.ts";
import { after, epochMs, milliseconds, seconds } from "./units.ts";

const object = "crm/orders" as const;
const limits: SlotLimits = { ...defaultSlotLimits, windowMs: milliseconds(1000) };
const at = epochMs;

function slots(...instants: number[]): Slot[] {
  return instants.map((instant, i) => ({ id: `s${i}`, at: at(instant), foreign: false }));
}

describe("decideWindow", () => {
  it("keeps any rolling window within the limit, whatever the arrivals", () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    const allowed = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(arrivals, allowed, (gaps, slotsAllowed) => {
        const some = { ...limits, slots: slotsAllowed };
        const granted: Slot[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          if (decideWindow(granted, some, at(now)).kind === "grant")
            granted.push({ id: `${granted.length}`, at: at(now), foreign: false });
        }
        for (const { at: end } of granted) {
          const inWindow = granted.filter((slot) => slot.at <= end && slot.at > end - 1000);
          expect(inWindow.length).toBeLessThanOrEqual(slotsAllowed);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("names the first instant at which it would grant", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 3, maxLength: 30 }),
        (instants) => {
          const some = { ...limits, slots: 3 };
          const answer = decideWindow(slots(...instants), some, at(999));
          if (answer.kind === "grant" || answer.until === undefined)
            throw new Error("three slots in the window must make it wait for an instant");
          expect(decideWindow(slots(...instants), some, answer.until).kind).toBe("grant");
          const before = at(answer.until - 1);
          expect(decideWindow(slots(...instants), some, before).kind).toBe("wait");
        },
      ),
    );
  });

  it("counts a slot until exactly a window after its stamp", () => {
    const one = { ...limits, slots: 1 };
    expect(decideWindow(slots(0), one, at(999))).toEqual({
      kind: "wait",
      reason: "window",
      until: 1000,
    });
    expect(decideWindow(slots(0), one, at(1000))).toEqual({ kind: "grant" });
  });

  it("leaves the reserved slots to others, and counts theirs against the whole", () => {
    const some = { ...limits, slots: 3, reserveSlots: 1 };
    expect(decideWindow(slots(0, 10), some, at(20))).toMatchObject({ until: 1000 });
    const foreign: Slot[] = [0, 1].map((i) => ({ id: `f${i}`, at: at(i), foreign: true }));
    expect(decideWindow([...foreign, ...slots(10)], some, at(20))).toMatchObject({ until: 1000 });
    expect(decideWindow(foreign, some, at(20))).toEqual({ kind: "grant" });
  });

  it("never grants where everything is reserved", () => {
    const none = { ...limits, slots: 1, reserveSlots: 1 };
    expect(decideWindow([], none, at(0))).toEqual({ kind: "wait", reason: "window" });
  });
});

describe("defaultSlotLimits", () => {
  it("spaces stamps so that calls which take their whole deadline still arrive an hour apart", () => {
    const skewMs = seconds(10);
    const earliestNext = defaultSlotLimits.windowMs - createDeadlineMs - skewMs;
    expect(earliestNext).toBeGreaterThanOrEqual(slotWindowMs);
  });
});

describe("emptySlotLedger", () => {
  it("has no slot, holds nothing and is open", () => {
    expect(emptySlotLedger).toEqual({
      history: { frozenUntil: 0, listed: true },
      slots: [],
      permits: new Set(),
      foreignPermits: new Set(),
      busyObjects: new Set(),
      heldObjects: new Map(),
      gateUntil: 0,
    });
  });
});

describe("decideSlot", () => {
  const now = at(5000);
  const ask = { object, now };

  it("grants on an empty ledger", () => {
    expect(decideSlot(emptySlotLedger, limits, ask)).toEqual({ kind: "grant" });
  });

  it("waits for the gate before anything else", () => {
    const ledger = { ...emptySlotLedger, gateUntil: at(6000), busyObjects: new Set([object]) };
    expect(decideSlot(ledger, limits, ask)).toEqual({ kind: "wait", reason: "gate", until: 6000 });
    const opening = { ...emptySlotLedger, gateUntil: now };
    expect(decideSlot(opening, limits, ask)).toEqual({ kind: "grant" });
  });

  it("takes one bulk job an object unless the tenant allows more", () => {
    const ledger = { ...emptySlotLedger, busyObjects: new Set([object]) };
    expect(decideSlot(ledger, limits, ask)).toEqual({ kind: "wait", reason: "object-busy" });
    const many = { ...limits, oneBulkJobPerObject: false };
    expect(decideSlot(ledger, many, ask)).toEqual({ kind: "grant" });
  });

  it("leaves a held object alone until its instant", () => {
    const held = new Map([[object, at(5001)]]);
    const ledger = { ...emptySlotLedger, heldObjects: held };
    const wait = { kind: "wait", reason: "object-held", until: 5001 };
    expect(decideSlot(ledger, limits, ask)).toEqual(wait);
    const later = { object, now: at(5001) };
    expect(decideSlot(ledger, limits, later)).toEqual({ kind: "grant" });
  });

  it("counts other tools' unfinished bulk jobs as permits", () => {
    const ledger = {
      ...emptySlotLedger,
      permits: new Set(["a", "b"]),
      foreignPermits: new Set(["x", "y", "z"]),
    };
    expect(decideSlot(ledger, limits, ask)).toEqual({ kind: "wait", reason: "permits" });
    const fewer = { ...ledger, foreignPermits: new Set(["x", "y"]) };
    expect(decideSlot(fewer, limits, ask)).toEqual({ kind: "grant" });
    const reserving = { ...limits, reservePermits: 3 };
    expect(decideSlot(fewer, reserving, ask)).toEqual({ kind: "wait", reason: "permits" });
  });
});

describe("limitsLeaving", () => {
  const someSlots = fc.array(
    fc.record({ at: fc.integer({ min: 1, max: 60 }), foreign: fc.boolean() }),
    { maxLength: 12 },
  );
  const someLimits = fc.record({
    slots: fc.integer({ min: 1, max: 8 }),
    reserveSlots: fc.integer({ min: 0, max: 8 }),
  });

  it("grants exactly while more than so many slots are free, or all of ours", () => {
    fc.assert(
      fc.property(someSlots, someLimits, fc.nat(10), (stamps, changes, leave) => {
        const few = { ...limits, ...changes };
        const slots = stamps.map((slot, i) => ({ id: `${i}`, ...slot, at: at(slot.at) }));
        const now = at(1030);
        const used = slots.filter((slot) => slot.at + few.windowMs > now);
        const own = used.filter((slot) => !slot.foreign).length;
        const ours = few.slots - few.reserveSlots;
        const free = Math.min(ours - own, few.slots - used.length);
        const wanted = Math.min(leave, Math.max(ours - 1, 0));
        const { kind } = decideWindow(slots, limitsLeaving(few, leave), now);
        expect(kind).toBe(free > wanted ? "grant" : "wait");
      }),
    );
  });

  it("always grants in an empty window in which anything is ours", () => {
    for (const leave of [0, 1, 19, 20, 999])
      expect(decideWindow([], limitsLeaving(limits, leave), at(0))).toEqual({ kind: "grant" });
  });
});

describe("decideHistory", () => {
  it("waits until a loss is a window ago, and from then on for a list", () => {
    const frozenUntil = at(5000);
    for (const listed of [true, false])
      expect(decideHistory({ frozenUntil, listed }, at(4999))).toEqual({
        kind: "wait",
        reason: "history",
        until: 5000,
      });
    expect(decideHistory({ frozenUntil, listed: true }, at(5000))).toEqual({ kind: "grant" });
    const unlisted = { kind: "wait", reason: "history" };
    expect(decideHistory({ frozenUntil, listed: false }, at(5000))).toEqual(unlisted);
  });

  it("comes before everything else", () => {
    const history = { frozenUntil: at(2), listed: true };
    const ledger = {
      ...emptySlotLedger,
      history,
      gateUntil: at(9),
      busyObjects: new Set([object]),
    };
    expect(decideSlot(ledger, limits, { object, now: at(1) })).toMatchObject({ reason: "history" });
    expect(decideSlot(ledger, limits, { object, now: at(2) })).toMatchObject({ reason: "gate" });
  });
});

describe("gateSpan", () => {
  it("doubles from 60 s to 15 min without Retry-After", () => {
    const spans: number[] = [];
    let previousMs = 0;
    for (let i = 0; i < 6; i++) {
      const { spanMs, baseMs } = gateSpan({ previousMs, random: 0 });
      spans.push(spanMs / 1000);
      previousMs = baseMs;
    }
    expect(spans).toEqual([60, 120, 240, 480, 900, 900]);
  });

  it("doubles from its own spans, whatever Retry-After was", () => {
    const retryAfterMs = seconds(3600);
    const { spanMs, baseMs } = gateSpan({ retryAfterMs, previousMs: 60_000, random: 0 });
    expect([spanMs, baseMs]).toEqual([3_600_000, 120_000]);
  });

  it("never opens before Retry-After, and adds at most a tenth", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3600 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (retryAfter, random) => {
          const asked = seconds(retryAfter);
          const { spanMs } = gateSpan({ retryAfterMs: asked, previousMs: 0, random });
          expect(spanMs).toBeGreaterThanOrEqual(asked);
          expect(spanMs).toBeLessThanOrEqual(after(at(0), asked) * 1.1 + 1);
        },
      ),
    );
  });
});
