/** Values of Lua 5.1, as far as our scripts have them, and the rules by which they turn into each other. */
import { formatGeneral, parseNumber } from "../number-text.ts";
import { unknownHere } from "../reply.ts";

/** `undefined` is nil; the only symbol is cjson.null. */
export type LuaValue = undefined | boolean | number | string | symbol | LuaTable | LuaFunction;

/** A function that gives one value; none of our scripts takes a second one. */
export type LuaFunction = (args: readonly LuaValue[]) => LuaValue;

/** What a script does wrong. Its message is Lua's own, without the line. */
export class LuaFault extends Error {}

const noFields: ReadonlyMap<LuaValue, LuaValue> = new Map();

/** A table without holes: elements from 1 on, and fields. */
export class LuaTable {
  readonly items: LuaValue[];
  /** Most tables are lists and have none. */
  #fields: Map<LuaValue, LuaValue> | undefined;

  constructor(items: LuaValue[] = []) {
    this.items = items;
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === "number" && key >= 1 && key <= this.items.length && Number.isInteger(key))
      return this.items[key - 1];
    return this.#fields?.get(key);
  }

  get fields(): ReadonlyMap<LuaValue, LuaValue> {
    return this.#fields ?? noFields;
  }

  set(key: LuaValue, value: LuaValue): void {
    if (key === undefined || Number.isNaN(key)) throw new LuaFault("table index is nil");
    if (typeof key !== "number") this.#setField(key, value);
    else if (key === this.items.length + 1 && value !== undefined) this.items.push(value);
    else if (key === this.items.length && value === undefined) this.items.pop();
    else if (value !== undefined && key >= 1 && key <= this.items.length && Number.isInteger(key))
      this.items[key - 1] = value;
    else throw unknownHere(`a Lua table of ${this.items.length} with its index ${key} set`);
  }

  #setField(key: LuaValue, value: LuaValue): void {
    if (value === undefined) this.#fields?.delete(key);
    else {
      this.#fields ??= new Map();
      this.#fields.set(key, value);
    }
  }
}

export function isTrue(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case "undefined":
      return "nil";
    case "symbol":
      return "userdata";
    case "object":
      return "table";
    default:
      return typeof value;
  }
}

/** The number that a value is or says; undefined where it is none. */
export function numberOf(value: LuaValue): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^[+-]?0x/i.test(text)) throw unknownHere(`the hexadecimal number ${text}`);
  return parseNumber(text);
}

/** Strings and numbers as text; undefined for all else. */
export function textOf(value: LuaValue): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? formatGeneral(value, 14) : undefined;
}

/** Bytes of a string, or elements of a table. */
export function lengthOf(value: LuaValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof LuaTable) return value.items.length;
  throw new LuaFault(`attempt to get length of a ${typeName(value)} value`);
}

export function fieldOf(table: LuaValue, key: LuaValue): LuaValue {
  if (table instanceof LuaTable) return table.get(key);
  throw new LuaFault(`attempt to index a ${typeName(table)} value`);
}

export function setField(table: LuaValue, key: LuaValue, value: LuaValue): void {
  if (!(table instanceof LuaTable))
    throw new LuaFault(`attempt to index a ${typeName(table)} value`);
  table.set(key, value);
}
