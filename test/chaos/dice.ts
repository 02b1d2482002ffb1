/** Chance that a seed decides, so that a run can be repeated. */
import { hash } from "node:crypto";

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
  let draws = 0;
  const random = (): number =>
    hash("sha256", `${purpose}\n${seed}\n${draws++}`, "buffer").readUInt32BE(0) / 2 ** 32;
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
