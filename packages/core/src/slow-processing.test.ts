import { describe, expect, it } from "vitest";
import { latenessOf, medianOf } from "./slow-processing.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

describe("a closed bulk job", () => {
  it("is slow from twice the median on, to the millisecond", () => {
    const samples = [8, 9, 10, 30, 40].map((minutes) => minutes * minute);
    expect(latenessOf(20 * minute - 1, samples)).toBe("");
    expect(latenessOf(20 * minute, samples)).toBe("slow");
  });

  it("is never slow within 10 minutes, nor before five have completed", () => {
    expect(latenessOf(10 * minute - 1, Array(5).fill(minute))).toBe("");
    expect(latenessOf(10 * minute, Array(5).fill(minute))).toBe("slow");
    expect(latenessOf(10 * minute, Array(4).fill(minute))).toBe("");
  });

  it("is a day late from 24 hours on, whatever the others took", () => {
    expect(latenessOf(day - 1, [])).toBe("");
    expect(latenessOf(day, [])).toBe("day");
    expect(latenessOf(day, Array(5).fill(day))).toBe("day");
  });
});

it("takes the lower of two middle times for the median", () => {
  expect([[], [3], [4, 1], [5, 1, 3]].map(medianOf)).toEqual([0, 3, 1, 3]);
});
