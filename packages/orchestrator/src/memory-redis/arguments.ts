/** Arguments of commands, read as Redis reads them. */
import { parseNumber } from "./number-text.ts";
import { ReplyError, unknownHere } from "./reply.ts";
import type { ScoreBound } from "./sorted-set.ts";

const notAnInteger = "ERR value is not an integer or out of range";

/** A whole number; neither "-0" nor "+1" nor "01" is one to Redis. */
export function integer(text: string | undefined, fault: string = notAnInteger): number {
  if (text === undefined || !/^(0|-?[1-9]\d*)$/.test(text)) throw new ReplyError(fault);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw unknownHere(`the integer ${text}`);
  return value;
}

export function float(
  text: string | undefined,
  fault: string = "ERR value is not a valid float",
): number {
  const value = text === undefined ? undefined : parseNumber(text);
  if (value === undefined || Number.isNaN(value)) throw new ReplyError(fault);
  return value;
}

/** A bound of a range by score: `5`, `(5` without 5 itself, `-inf`. */
export function scoreBound(text: string | undefined): ScoreBound {
  const isExclusive = text?.startsWith("(") ?? false;
  const score = float(isExclusive ? text?.slice(1) : text, "ERR min or max is not a float");
  return { score, isExclusive };
}

/** The slice of `size` elements that a range by index means; below 0 counts from the end. */
export function indexRange(
  size: number,
  first: string | undefined,
  last: string | undefined,
): readonly [number, number] {
  const [from, to] = [integer(first), integer(last)].map((index) =>
    index < 0 ? size + index : index,
  );
  return [Math.max(0, from ?? 0), Math.max(0, (to ?? 0) + 1)];
}

/** Field and value, score and member: the rest of a command's arguments in twos. */
export function pairsOf(args: readonly string[]): readonly (readonly [string, string])[] {
  if (args.length === 0 || args.length % 2 !== 0) throw wrongCount();
  const pairs: [string, string][] = [];
  for (let i = 0; i < args.length; i += 2) pairs.push([args[i] ?? "", args[i + 1] ?? ""]);
  return pairs;
}

export function wrongCount(): ReplyError {
  return new ReplyError("ERR wrong number of arguments");
}
