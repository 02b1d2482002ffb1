import { expect, it } from "vitest";
import { createDice } from "./dice.ts";

it("draws by seed and purpose alone", () => {
  const draws = (seed: string, purpose: string) => {
    const dice = createDice(seed, purpose);
    return Array.from({ length: 20 }, () => dice.whole(1, 1000));
  };
  expect(draws("1", "a")).toEqual(draws("1", "a"));
  expect(draws("1", "a")).not.toEqual(draws("2", "a"));
  expect(draws("1", "a")).not.toEqual(draws("1", "b"));
});

it("spreads its draws evenly, within the bounds", () => {
  const dice = createDice("1", "spread");
  const counts = new Map<number, number>();
  for (let i = 0; i < 3000; i++) {
    const drawn = dice.whole(1, 3);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted()).toEqual([1, 2, 3]);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});

it("picks nothing from nothing", () => {
  expect(() => createDice("1", "none").pick([])).toThrow(RangeError);
});
