/** The functions of Lua's library that our scripts call. */
import { formatWhole } from "../number-text.ts";
import { unknownHere } from "../reply.ts";
import { decodeJson, encodeJson, jsonNull } from "./json.ts";
import { LuaFault, type LuaFunction, type LuaValue, numberOf, textOf, typeName } from "./value.ts";

/** By the name under which a script calls them. */
export const library: Readonly<Record<string, LuaFunction>> = {
  tonumber: (args) => {
    if (args.length > 1) throw unknownHere("tonumber with a base");
    return numberOf(args[0]);
  },
  "math.floor": (args) => Math.floor(numberAt("floor", args, 0)),
  "math.max": (args) => Math.max(...args.map((_, index) => numberAt("max", args, index))),
  "math.min": (args) => Math.min(...args.map((_, index) => numberAt("min", args, index))),
  "string.find": (args) => {
    const [text, wanted] = [textAt("find", args, 0), textAt("find", args, 1)];
    if (args[2] !== 1 || args[3] !== true) throw unknownHere("string.find of a pattern");
    const at = text.indexOf(wanted);
    return at < 0 ? undefined : Buffer.byteLength(text.slice(0, at)) + 1;
  },
  "string.format": (args) => {
    if (args[0] !== "%.0f") throw unknownHere(`string.format with ${String(args[0])}`);
    return formatWhole(numberAt("format", args, 1));
  },
  "string.sub": (args) => {
    const [from, to] = [numberAt("sub", args, 1), numberAt("sub", args, 2)];
    if (from < 1 || to < 0) throw unknownHere("string.sub from the end");
    const bytes = Buffer.from(textAt("sub", args, 0));
    const part = bytes.subarray(from - 1, to);
    const text = part.toString();
    if (!Buffer.from(text).equals(part)) throw unknownHere("half a character");
    return text;
  },
  "cjson.decode": (args) => decodeJson(textAt("decode", args, 0)),
  "cjson.encode": (args) => encodeJson(args[0]),
};

export const constants: Readonly<Record<string, LuaValue>> = {
  "cjson.null": jsonNull,
  "math.huge": Number.POSITIVE_INFINITY,
};

function numberAt(name: string, args: readonly LuaValue[], index: number): number {
  const value = numberOf(args[index]);
  if (value === undefined) throw badArgument(name, args, { index, expected: "number" });
  return value;
}

function textAt(name: string, args: readonly LuaValue[], index: number): string {
  const value = textOf(args[index]);
  if (value === undefined) throw badArgument(name, args, { index, expected: "string" });
  return value;
}

function badArgument(
  name: string,
  args: readonly LuaValue[],
  { index, expected }: { readonly index: number; readonly expected: string },
): LuaFault {
  const found = index < args.length ? typeName(args[index]) : "no value";
  return new LuaFault(
    `bad argument #${index + 1} to '${name}' (${expected} expected, got ${found})`,
  );
}
