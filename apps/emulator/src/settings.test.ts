import { expect, test } from "vitest";
import { parseSettings } from "./settings.ts";

test("every fault is told at once, with what is seen and what is allowed", () => {
  const parse = () => parseSettings({ foo: 1, slotsPerWindow: 0, slotReading: "hourly" });
  expect(parse).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  expect(parse).toThrow(/there is no foo; there are strictLogin, audiences, .*, tenantId/);
  expect(parse).toThrow(/slotsPerWindow: .*>=1 \(seen: 0\)/);
  expect(parse).toThrow(/slotReading: .*"rolling-hour".* \(seen: "hourly"\)/);
});

test.each([null, [], "x", 5])("%j is no settings", (input) => {
  expect(() => parseSettings(input)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
});
