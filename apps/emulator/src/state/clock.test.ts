import { epochMs, milliseconds, seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { createClock } from "./clock.ts";

describe("the clock", () => {
  it("stands still in manual mode until it is advanced", () => {
    const clock = createClock("manual", epochMs(1000));
    expect([clock.now(), clock.now()]).toEqual([1000, 1000]);
    clock.advance(seconds(2));
    expect(clock.now()).toBe(3000);
  });

  it("runs from where it stood when it changes to real, and stops where it is", () => {
    const clock = createClock("manual", epochMs(1000));
    clock.setMode("real");
    expect(clock.mode).toBe("real");
    expect(clock.now()).toBeGreaterThanOrEqual(1000);
    clock.advance(seconds(3600));
    expect(clock.now()).toBeGreaterThanOrEqual(3_601_000);
    clock.setMode("manual");
    const stopped = clock.now();
    expect(clock.now()).toBe(stopped);
  });

  it("refuses to go back", () => {
    const clock = createClock("manual", epochMs(1000));
    const refused = expect.objectContaining({ code: "ERR_REQUEST_INVALID" });
    expect(() => clock.moveTo(epochMs(999))).toThrow(refused);
    expect(() => clock.advance(milliseconds(-1))).toThrow(refused);
    expect(clock.now()).toBe(1000);
  });
});
