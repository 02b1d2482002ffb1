/** Chance that a seed decides, so that a run can be repeated. */
import { createHash } from "node:crypto";

/** Draws that depend on the seed and on what was drawn before, and on nothing else. */
export interface Dice {
  /** In [0, 1). */
  random(): number;
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number;
  /** One of them; throws RangeError where there is none. */
  pick<T>(from: readonly T[]): T;
}

/** Dice for one purpose of a run: those of another purpose do not change what these draw. */
export function createDice(seed: string, purpose: string): Dice {
  const digest = createHash("sha256").update(`${purpose}\n${seed}`).digest();
  let state = digest.readUInt32BE(0);
  // mulberry32: small, and good enough for draws that only have to be spread.
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  return {
    random,
    whole,
    pick(from) {
      const picked = from[whole(0, from.length - 1)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
  };
}
