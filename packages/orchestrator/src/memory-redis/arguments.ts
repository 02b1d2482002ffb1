/** Arguments of commands, read as Redis reads them. */
import { parseNumber } from "./number-text.ts";
import { ReplyError, unknownHere } from "./reply.ts";
import { between, type ScoreBound, type SortedSet } from "./sorted-set.ts";

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
  // A small sorted set keeps no sign of zero.
  return value === 0 ? 0 : value;
}

/** A range by index, as bounds for `slice`; below 0 an index counts from the end. */
export function indexRange(
  first: string | undefined,
  last: string | undefined,
): (size: number) => readonly [number, number] {
  const [from, to] = [integer(first), integer(last)];
  return (size) => [
    Math.max(0, from < 0 ? size + from : from),
    Math.max(0, (to < 0 ? size + to : to) + 1),
  ];
}

/** A range by score, as the members in it. */
export function scoreRange(
  min: string | undefined,
  max: string | undefined,
): (set: SortedSet) => readonly string[] {
  const [from, to] = [scoreBound(min), scoreBound(max)];
  return (set) => between(set, from, to);
}

/** Field and value, score and member: the rest of a command's arguments in twos, else that fault. */
export function pairsOf(
  args: readonly string[],
  fault: string,
): readonly (readonly [string, string])[] {
  if (args.length === 0 || args.length % 2 !== 0) throw new ReplyError(fault);
  const pairs: [string, string][] = [];
  for (let i = 0; i < args.length; i += 2) pairs.push([args[i] ?? "", args[i + 1] ?? ""]);
  return pairs;
}

export function wrongCount(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

/** A bound of a range by score: `5`, `(5` without 5 itself, `-inf`. Nothing at all is 0, for C reads it so. */
function scoreBound(text = ""): ScoreBound {
  const isExclusive = text.startsWith("(");
  const score = float((isExclusive ? text.slice(1) : text) || "0", "ERR min or max is not a float");
  return { score, isExclusive };
}
