/** How much of the quota may go into bulk jobs that take the place of lost ones. */
import type { SlotLimits } from "./slot-ledger.ts";

/** A quarter of a window's own slots, and at least one. */
export function restartsPerWindow({ slots, reserveSlots }: SlotLimits): number {
  return Math.max(1, Math.floor((slots - reserveSlots) / 4));
}
