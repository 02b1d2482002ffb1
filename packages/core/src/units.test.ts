import { describe, expect, it } from "vitest";
import { after, bytes, epochMs, milliseconds, seconds } from "./units.ts";

describe("bytes", () => {
  it("takes whole numbers from 0 on", () => {
    expect([0, 1, Number.MAX_SAFE_INTEGER].map(bytes)).toEqual([0, 1, Number.MAX_SAFE_INTEGER]);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (count) => {
    expect(() => bytes(count)).toThrow(new RangeError(`not a byte count: ${count}`));
  });
});

describe("spans and instants", () => {
  it("take finite numbers, fractions and negative ones too", () => {
    for (const value of [-1.5, 0, 1e15]) {
      expect(milliseconds(value)).toBe(value);
      expect(epochMs(value)).toBe(value);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuse %d", (value) => {
    expect(() => milliseconds(value)).toThrow(
      new RangeError(`not a span in milliseconds: ${value}`),
    );
    expect(() => epochMs(value)).toThrow(new RangeError(`not an instant: ${value}`));
  });

  it("are reckoned in milliseconds", () => {
    expect(seconds(1.5)).toBe(1500);
    expect(after(epochMs(1000), seconds(2))).toBe(3000);
  });
});
