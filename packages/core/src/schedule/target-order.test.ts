import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOfRun, newRunTarget, type RunTarget, releaseTargets } from "./run.ts";
import { orderFaults, orderTargets } from "./target-order.ts";

it("names targets by their object, each after those listed before it", () => {
  expect(orderTargets([{ object: "Customers" }, { object: "Order_Items", name: "items" }])).toEqual(
    [
      { name: "customers", after: [] },
      { name: "items", after: ["customers"] },
    ],
  );
  expect(orderTargets([{ object: "_Odd_Name" }])[0]?.name).toBe("odd-name");
  expect(orderTargets([{ object: "__" }])[0]?.name).toBe("target");
  expect(orderTargets([{ object: "a-_b" }])[0]?.name).toBe("a--b");
  expect(orderTargets([{ object: "x".repeat(50) }])[0]?.name).toBe("x".repeat(48));
});

describe("orderFaults", () => {
  it("finds a name that comes twice, naming it", () => {
    expect(orderFaults([{ object: "A" }, { object: "a" }])).toMatchObject([
      { index: 1, field: "name", message: expect.stringContaining('"a"') },
    ]);
  });

  it("finds a predecessor that is not there, naming those that are", () => {
    expect(orderFaults([{ object: "a", after: ["b"] }, { object: "c" }])).toEqual([
      { index: 0, field: "after", message: 'there is no target "b"; targets: a, c' },
    ]);
  });

  it("names all targets of a circle, and not those before it", () => {
    const targets = [
      { object: "x", after: [] },
      { object: "a", after: ["b", "x"] },
      { object: "b", after: ["a"] },
    ];
    const message = "targets wait for each other in a circle: a, b";
    expect(orderFaults(targets)).toEqual([{ index: 1, field: "after", message }]);
  });

  it.each([
    [[{ object: "a", after: ["a"] }]],
    [[{ object: "a", after: ["b"] }, { object: "b" }]],
    [[{ object: "x", after: [] }, { object: "a", after: ["c"] }, { object: "b" }, { object: "c" }]],
  ])("finds targets that wait for each other", (targets) => {
    expect(orderFaults(targets)).toMatchObject([{ field: "after" }]);
  });
});

const names = ["a", "b", "c", "d", "e"];
const places = fc
  .array(fc.subarray(names), { minLength: 5, maxLength: 5 })
  .map((afters) => names.map((object, index) => ({ object, after: afters[index] ?? [] })));

it("finds a fault exactly where a run could not end", () => {
  fc.assert(
    fc.property(places, (targets) => {
      let now = releaseTargets(orderTargets(targets).map(newRunTarget), 1);
      for (let i = 0; i < names.length; i++) now = releaseTargets(now.map(complete), 2);
      expect(endOfRun(now)?.state === "complete").toBe(orderFaults(targets).length === 0);
    }),
  );
});

it("never begins a target before those it comes after are complete, and skips it where one fails", () => {
  fc.assert(
    fc.property(places, fc.array(fc.boolean(), { minLength: 5 }), (targets, goods) => {
      fc.pre(orderFaults(targets).length === 0);
      let now = releaseTargets(orderTargets(targets).map(newRunTarget), 1);
      while (endOfRun(now) === undefined) {
        const states = new Map(now.map(({ name, state }) => [name, state]));
        for (const { after, state } of now)
          if (state === "gathering")
            expect(after.every((name) => states.get(name) === "complete")).toBe(true);
        now = releaseTargets(
          now.map((target, index) => (goods[index] ? complete(target) : failed(target))),
          2,
        );
      }
      for (const { after, state } of now)
        if (state === "skipped")
          expect(
            now.some((other) => after.includes(other.name) && other.state !== "complete"),
          ).toBe(true);
      const anyFailed = now.some(({ state }) => state === "failed");
      expect(endOfRun(now)?.state).toBe(anyFailed ? "failed" : "complete");
    }),
  );
});

function complete(target: RunTarget): RunTarget {
  return target.state === "gathering" ? { ...target, state: "complete" } : target;
}

function failed(target: RunTarget): RunTarget {
  return target.state === "gathering"
    ? { ...target, state: "failed", reason: { code: "gate_timeout", message: "late" } }
    : target;
}
