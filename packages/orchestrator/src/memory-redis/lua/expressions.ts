/** Expressions of Lua as closures. */
import type {
  CallExpression,
  Expression,
  Identifier,
  MemberExpression,
  TableConstructorExpression,
} from "luaparse";
import { unknownHere } from "../reply.ts";
import { constants, library } from "./library.ts";
import { negated, operators } from "./operators.ts";
import { type Frame, findLocal, frameAt, type Scope } from "./scope.ts";
import { fieldOf, isTrue, LuaFault, LuaTable, type LuaValue, lengthOf, typeName } from "./value.ts";

export type Evaluate = (frame: Frame) => LuaValue;

export function compileExpression(node: Expression, scope: Scope): Evaluate {
  switch (node.type) {
    case "StringLiteral":
    case "NumericLiteral":
    case "BooleanLiteral": {
      const { value } = node;
      return () => value;
    }
    case "NilLiteral":
      return () => undefined;
    case "Identifier":
      return compileName(node, scope);
    case "MemberExpression": {
      const name = globalName(node, scope);
      if (name !== undefined) return compileGlobal(name);
      const base = compileExpression(node.base, scope);
      const key = node.identifier.name;
      return (frame) => fieldOf(base(frame), key);
    }
    case "IndexExpression": {
      const base = compileExpression(node.base, scope);
      const index = compileExpression(node.index, scope);
      return (frame) => fieldOf(base(frame), index(frame));
    }
    case "BinaryExpression": {
      const operate = operators[node.operator];
      if (operate === undefined) throw unknownHere(`Lua's operator ${node.operator}`);
      const [left, right] = [
        compileExpression(node.left, scope),
        compileExpression(node.right, scope),
      ];
      return (frame) => operate(left(frame), right(frame));
    }
    case "LogicalExpression": {
      const [left, right] = [
        compileExpression(node.left, scope),
        compileExpression(node.right, scope),
      ];
      const endsWith = node.operator === "or";
      return (frame) => {
        const value = left(frame);
        return isTrue(value) === endsWith ? value : right(frame);
      };
    }
    case "UnaryExpression":
      return compileUnary(node.operator, compileExpression(node.argument, scope));
    case "TableConstructorExpression":
      return compileTable(node, scope);
    case "CallExpression":
      return compileCall(node, scope);
    default:
      throw unknownHere(`Lua's ${node.type}`);
  }
}

function compileName({ name }: Identifier, scope: Scope): Evaluate {
  const local = findLocal(scope, name);
  if (local === undefined) return compileGlobal(name);
  const { up, slot } = local;
  if (up === 0) return (frame) => frame.values[slot];
  return (frame) => frameAt(frame, up).values[slot];
}

function compileGlobal(name: string): Evaluate {
  if (name === "KEYS") return ({ machine }) => machine.keys;
  if (name === "ARGV") return ({ machine }) => machine.argv;
  const value = library[name] ?? constants[name];
  if (value === undefined) throw unknownHere(`Lua's global ${name}`);
  return () => value;
}

/** `string.format` and such; undefined where the base is a local or no name. */
function globalName(
  { base, identifier, indexer }: MemberExpression,
  scope: Scope,
): string | undefined {
  if (indexer !== ".") throw unknownHere("a call of a Lua method");
  if (base.type !== "Identifier" || findLocal(scope, base.name) !== undefined) return undefined;
  return `${base.name}.${identifier.name}`;
}

function compileUnary(operator: "not" | "-" | "~" | "#", operand: Evaluate): Evaluate {
  switch (operator) {
    case "not":
      return (frame) => !isTrue(operand(frame));
    case "-":
      return (frame) => negated(operand(frame));
    case "#":
      return (frame) => lengthOf(operand(frame));
    case "~":
      throw unknownHere("Lua's operator ~");
  }
}

function compileTable({ fields }: TableConstructorExpression, scope: Scope): Evaluate {
  const entries = fields.map((field) => {
    if (field.type === "TableKey") throw unknownHere("a computed key in a Lua table");
    const value = compileExpression(field.value, scope);
    return { key: field.type === "TableKeyString" ? field.key.name : undefined, value };
  });
  return (frame) => {
    const table = new LuaTable();
    for (const { key, value } of entries) {
      if (key === undefined) table.items.push(value(frame));
      else table.set(key, value(frame));
    }
    while (table.items.length > 0 && table.items.at(-1) === undefined) table.items.pop();
    if (table.items.includes(undefined)) throw unknownHere("a Lua table with a hole");
    return table;
  };
}

function compileCall({ base, arguments: nodes, loc }: CallExpression, scope: Scope): Evaluate {
  const line = loc?.start.line ?? 0;
  const args = compileArguments(nodes, scope);
  if (base.type === "MemberExpression" && globalName(base, scope) === "redis.call")
    return (frame) => {
      const values = args(frame);
      frame.machine.line = line;
      return frame.machine.call(values);
    };
  const callee = compileExpression(base, scope);
  return (frame) => {
    const called = callee(frame);
    const values = args(frame);
    frame.machine.line = line;
    if (typeof called === "function") return called(values);
    throw new LuaFault(`attempt to call a ${typeName(called)} value`);
  };
}

/** `unpack` may stand as the last argument, and nowhere else. */
function compileArguments(
  nodes: readonly Expression[],
  scope: Scope,
): (frame: Frame) => readonly LuaValue[] {
  const last = nodes.at(-1);
  const isSpread =
    last?.type === "CallExpression" &&
    last.base.type === "Identifier" &&
    last.base.name === "unpack" &&
    findLocal(scope, "unpack") === undefined;
  const spread = isSpread ? last.arguments[0] : undefined;
  if (last?.type !== "CallExpression" || spread === undefined) {
    const args = nodes.map((node) => compileExpression(node, scope));
    return (frame) => args.map((arg) => arg(frame));
  }
  if (last.arguments.length !== 1) throw unknownHere("unpack of a part of a Lua table");
  const args = nodes.slice(0, -1).map((node) => compileExpression(node, scope));
  const table = compileExpression(spread, scope);
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    const elements = table(frame);
    if (!(elements instanceof LuaTable))
      throw new LuaFault(`bad argument #1 to 'unpack' (table expected, got ${typeName(elements)})`);
    return [...values, ...elements.items];
  };
}
