/** Operators of Lua 5.1. */
import { compareBytes } from "../sorted-set.ts";
import { LuaFault, type LuaValue, numberOf, textOf, typeName } from "./value.ts";

type Operator = (left: LuaValue, right: LuaValue) => LuaValue;

export const operators: Readonly<Record<string, Operator>> = {
  "+": arithmetic((a, b) => a + b),
  "-": arithmetic((a, b) => a - b),
  "*": arithmetic((a, b) => a * b),
  "/": arithmetic((a, b) => a / b),
  "%": arithmetic((a, b) => a - Math.floor(a / b) * b),
  "==": (a, b) => a === b,
  "~=": (a, b) => a !== b,
  "<": comparison((order) => order < 0),
  "<=": comparison((order) => order <= 0),
  ">": comparison((order) => order > 0),
  ">=": comparison((order) => order >= 0),
  "..": concatenated,
};

export function negated(value: LuaValue): LuaValue {
  return -operand(value);
}

function arithmetic(calculate: (a: number, b: number) => number): Operator {
  return (a, b) =>
    typeof a === "number" && typeof b === "number"
      ? calculate(a, b)
      : calculate(operand(a), operand(b));
}

function operand(value: LuaValue): number {
  const number = numberOf(value);
  if (number === undefined)
    throw new LuaFault(`attempt to perform arithmetic on a ${typeName(value)} value`);
  return number;
}

function comparison(holds: (order: number) => boolean): Operator {
  return (a, b) => {
    if (typeof a === "number" && typeof b === "number") return holds(a === b ? 0 : a - b);
    if (typeof a === "string" && typeof b === "string") return holds(compareBytes(a, b));
    const [left, right] = [typeName(a), typeName(b)];
    throw new LuaFault(
      left === right
        ? `attempt to compare two ${left} values`
        : `attempt to compare ${left} with ${right}`,
    );
  };
}

function concatenated(a: LuaValue, b: LuaValue): string {
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) return left + right;
  const culprit = typeName(left === undefined ? a : b);
  throw new LuaFault(`attempt to concatenate a ${culprit} value`);
}
