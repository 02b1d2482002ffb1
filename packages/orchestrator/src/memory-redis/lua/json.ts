/** cjson as Redis has it. */
import { formatGeneral } from "../number-text.ts";
import { unknownHere } from "../reply.ts";
import { LuaFault, LuaTable, type LuaValue, typeName } from "./value.ts";

/** What cjson.decode makes of null: neither nil nor false. */
export const jsonNull = Symbol("cjson.null");

export function decodeJson(text: string): LuaValue {
  try {
    return fromJson(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new LuaFault(`invalid JSON: ${error.message}`);
    throw error;
  }
}

/** Fields come in the order in which they were set; in Redis it is that of a hash table. */
export function encodeJson(value: LuaValue): string {
  if (value === undefined || value === jsonNull) return "null";
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isFinite(value))
        throw new LuaFault("Cannot serialise number: must not be NaN or Inf");
      return formatGeneral(value, 14);
    case "string":
      return encodeText(value);
    case "object":
      return encodeTable(value);
    default:
      throw new LuaFault(`Cannot serialise ${typeName(value)}: type not supported`);
  }
}

function fromJson(value: unknown): LuaValue {
  if (value === null) return jsonNull;
  if (typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return wellFormed(value);
  if (Array.isArray(value)) return new LuaTable(value.map(fromJson));
  const table = new LuaTable();
  for (const [name, field] of Object.entries(value ?? {}))
    table.set(wellFormed(name), fromJson(field));
  return table;
}

/** cjson turns text into UTF-8 and refuses half a surrogate pair. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new LuaFault("invalid unicode escape code");
  return text;
}

function encodeTable({ items, fields }: LuaTable): string {
  if (fields.size === 0 && items.length > 0) return `[${items.map(encodeJson).join(",")}]`;
  if (items.length > 0) throw unknownHere("JSON of a table with elements and fields");
  const pairs = [...fields].map(([name, value]) => {
    if (typeof name !== "string") throw unknownHere(`JSON of a ${typeName(name)} as a name`);
    return `${encodeText(name)}:${encodeJson(value)}`;
  });
  return `{${pairs.join(",")}}`;
}

function encodeText(text: string): string {
  return JSON.stringify(text).replaceAll("/", "\\/").replaceAll("\u007f", "\\u007f");
}
