import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  claimFrom,
  type Line,
  mostLoadsAfterFailure,
  rankLines,
  type WaitingLoad,
} from "./claim-policy.ts";

const object = "crm/orders" as const;

function load(sequence: number, changes: Partial<WaitingLoad> = {}): WaitingLoad {
  return {
    id: `l${sequence}`,
    sequence,
    state: "waiting",
    operation: "upsert",
    parts: 1,
    nextPart: 0,
    returned: [],
    leaveSlots: 0,
    mostLoads: Number.POSITIVE_INFINITY,
    ...changes,
  };
}

describe("claimFrom", () => {
  it("fills a bulk job from as many loads as fit, in the order they were accepted", () => {
    const line: Line = { object, loads: [load(1, { parts: 2 }), load(2), load(3, { parts: 9 })] };
    expect(claimFrom(line, 5)).toEqual({
      object,
      operation: "upsert",
      picks: [
        { loadId: "l1", parts: [0, 1] },
        { loadId: "l2", parts: [0] },
        { loadId: "l3", parts: [0, 1] },
      ],
      leaveSlots: 0,
    });
  });

  it.each([
    ["at the head", [2, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], ["l1", "l2"]],
    ["behind it", [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2], ["l1", "l2"]],
    ["that must be alone", [1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], ["l1"]],
    ["that must be alone, behind", [Number.POSITIVE_INFINITY, 1, 1], ["l1"]],
    ["that may share with two", [3, 3, 3], ["l1", "l2", "l3"]],
  ])("holds no more loads than any of them allows, one %s", (_, mostLoads, taken) => {
    const loads = mostLoads.map((most, i) => load(i + 1, { mostLoads: most }));
    expect(claimFrom({ object, loads }, 100)?.picks.map((pick) => pick.loadId)).toEqual(taken);
  });

  it("finds one bad load among many in twice as many bulk jobs as halvings, and lets all others pass", () => {
    const sizes = fc.integer({ min: 2, max: 100 });
    fc.assert(
      fc.property(sizes, fc.nat(), (size, at) => {
        const bad = `l${1 + (at % size)}`;
        const limits = new Map<string, number>();
        const passed: string[] = [];
        let waiting = Array.from({ length: size }, (_, i) => load(i + 1));
        let bulkJobs = 0;
        while (waiting.length > 0) {
          const loads = waiting.map((each) => ({
            ...each,
            mostLoads: limits.get(each.id) ?? each.mostLoads,
          }));
          const picks = claimFrom({ object, loads }, 100)?.picks.map(({ loadId }) => loadId) ?? [];
          bulkJobs++;
          const fails = picks.includes(bad);
          if (fails && picks.length > 1)
            for (const id of picks) limits.set(id, mostLoadsAfterFailure(picks.length));
          else {
            if (!fails) passed.push(...picks);
            waiting = waiting.filter(({ id }) => !picks.includes(id));
          }
        }
        expect(passed).toEqual(
          Array.from({ length: size }, (_, i) => `l${i + 1}`).filter((id) => id !== bad),
        );
        expect(bulkJobs).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(size)));
      }),
    );
  });

  it("passes over loads without waiting parts, and takes nothing once it is full", () => {
    const settled = load(1, { parts: 2, nextPart: 2 });
    const line: Line = { object, loads: [settled, load(2), load(3), load(4)] };
    expect(claimFrom(line, 2)?.picks).toEqual([
      { loadId: "l2", parts: [0] },
      { loadId: "l3", parts: [0] },
    ]);
    expect(claimFrom({ object, loads: [settled] }, 2)).toBeUndefined();
    expect(claimFrom({ object, loads: [] }, 2)).toBeUndefined();
  });

  it("stops at a load of the other operation", () => {
    const line: Line = { object, loads: [load(1), load(2, { operation: "delete" }), load(3)] };
    expect(claimFrom(line, 100)?.picks.map((pick) => pick.loadId)).toEqual(["l1"]);
  });

  it("stops at a load that is still being planned, and takes nothing behind it", () => {
    const planned: Line = { object, loads: [load(1), load(2, { state: "accepted" }), load(3)] };
    expect(claimFrom(planned, 100)?.picks.map((pick) => pick.loadId)).toEqual(["l1"]);
    const head: Line = { object, loads: [load(1, { state: "accepted" }), load(2)] };
    expect(claimFrom(head, 100)).toBeUndefined();
  });

  it("takes parts that came back before those never claimed", () => {
    const line: Line = { object, loads: [load(1, { parts: 8, nextPart: 5, returned: [1, 4] })] };
    expect(claimFrom(line, 3)?.picks).toEqual([{ loadId: "l1", parts: [1, 4, 5] }]);
  });

  it("never takes more than fits, never a part twice, and all of what fits", () => {
    const arbitrary = fc.array(
      fc.record({
        parts: fc.integer({ min: 1, max: 40 }),
        claimed: fc.integer({ min: 0, max: 40 }),
        back: fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 10 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 1, max: 100 }), (shapes, room) => {
        const loads = shapes.map(({ parts, claimed, back }, i) => {
          const nextPart = Math.min(parts, claimed);
          const returned = back.filter((part) => part < nextPart).toSorted((a, b) => a - b);
          return load(i, { parts, nextPart, returned });
        });
        const picks = claimFrom({ object, loads }, room)?.picks ?? [];
        const taken = picks.flatMap((pick) => pick.parts.map((part) => `${pick.loadId}:${part}`));
        const waiting = loads.reduce((n, l) => n + l.parts - l.nextPart + l.returned.length, 0);
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.length).toBe(Math.min(room, waiting));
      }),
    );
  });
});

describe("rankLines", () => {
  it("puts the line whose head was accepted first in front, and leaves out unplanned heads", () => {
    const lines: Line[] = [
      { object: "crm/b", loads: [load(7)] },
      { object: "crm/a", loads: [load(3), load(9)] },
      { object: "crm/c", loads: [load(1, { state: "accepted" })] },
      { object: "crm/d", loads: [] },
    ];
    expect(rankLines(lines).map((line) => line.object)).toEqual(["crm/a", "crm/b"]);
  });

  it("puts lines that leave slots behind all others, the fewest first", () => {
    const lines: Line[] = [
      { object: "crm/a", loads: [load(1, { leaveSlots: 5 })] },
      { object: "crm/b", loads: [load(2, { leaveSlots: 2 })] },
      { object: "crm/c", loads: [load(4)] },
      { object: "crm/d", loads: [load(3)] },
    ];
    const ranked = rankLines(lines).map((line) => line.object);
    expect(ranked).toEqual(["crm/d", "crm/c", "crm/b", "crm/a"]);
  });
});

describe("slots to leave", () => {
  const backfill = { leaveSlots: 5, parts: 3 };

  it("are what every load in the line asks for", () => {
    const line: Line = { object, loads: [load(1, backfill), load(2, { leaveSlots: 7 })] };
    expect(claimFrom(line, 100)?.leaveSlots).toBe(5);
  });

  it("are none where a load waits in the line that leaves none, planned or not", () => {
    for (const state of ["waiting", "accepted"] as const) {
      const line: Line = { object, loads: [load(1, backfill), load(2, { state })] };
      expect(claimFrom(line, 2)).toMatchObject({ leaveSlots: 0, picks: [{ loadId: "l1" }] });
      const other: Line = { object: "crm/other", loads: [load(3)] };
      expect(rankLines([other, line])[0]).toBe(line);
    }
  });
});
