import { expect, it } from "vitest";
import { restartsPerWindow } from "./restarts.ts";
import { defaultSlotLimits } from "./slot-ledger.ts";

it.each([
  [20, 0, 5],
  [20, 4, 4],
  [7, 0, 1],
  [1, 0, 1],
  [4, 4, 1],
])(
  "of %i slots with %i left to others %i may do again what was lost",
  (slots, reserveSlots, restarts) => {
    expect(restartsPerWindow({ ...defaultSlotLimits, slots, reserveSlots })).toBe(restarts);
  },
);
