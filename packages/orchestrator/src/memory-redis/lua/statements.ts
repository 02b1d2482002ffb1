/** Statements of Lua as closures. */
import type {
  AssignmentStatement,
  Expression,
  ForGenericStatement,
  ForNumericStatement,
  FunctionDeclaration,
  IfStatement,
  LocalStatement,
  Statement,
  WhileStatement,
} from "luaparse";
import { unknownHere } from "../reply.ts";
import { compileExpression, type Evaluate } from "./expressions.ts";
import {
  declare,
  type Frame,
  findLocal,
  frameAt,
  inBlock,
  openScope,
  type Scope,
} from "./scope.ts";
import {
  isTrue,
  LuaFault,
  LuaTable,
  type LuaValue,
  numberOf,
  setField,
  typeName,
} from "./value.ts";

/** Whether the function goes on behind the statement, or has returned. */
type Flow = "on" | "returned";
type Execute = (frame: Frame) => Flow;

export function compileBlock(body: readonly Statement[], scope: Scope): Execute {
  const statements = inBlock(scope, () =>
    body.map((node) => ({
      line: node.loc?.start.line ?? 0,
      execute: compileStatement(node, scope),
    })),
  );
  return (frame) => {
    for (const { line, execute } of statements) {
      frame.machine.line = line;
      if (execute(frame) === "returned") return "returned";
    }
    return "on";
  };
}

function compileStatement(node: Statement, scope: Scope): Execute {
  switch (node.type) {
    case "LocalStatement":
      return compileLocal(node, scope);
    case "AssignmentStatement":
      return compileAssignment(node, scope);
    case "CallStatement": {
      const call = compileExpression(node.expression, scope);
      return (frame) => {
        call(frame);
        return "on";
      };
    }
    case "FunctionDeclaration":
      return compileFunction(node, scope);
    case "IfStatement":
      return compileIf(node, scope);
    case "WhileStatement":
      return compileWhile(node, scope);
    case "ForNumericStatement":
      return compileCount(node, scope);
    case "ForGenericStatement":
      return compileEach(node, scope);
    case "ReturnStatement": {
      const [value, ...more] = node.arguments.map((result) => compileExpression(result, scope));
      if (more.length > 0) throw unknownHere("a Lua function with two results");
      return (frame) => {
        frame.result = value?.(frame);
        return "returned";
      };
    }
    default:
      throw unknownHere(`Lua's ${node.type}`);
  }
}

function compileLocal({ variables, init }: LocalStatement, scope: Scope): Execute {
  const values = compileValues(init, variables.length, scope);
  const slots = variables.map(({ name }) => declare(scope, name));
  const [slot, value] = [slots[0], values[0]];
  if (slots.length === 1 && slot !== undefined && value !== undefined)
    return (frame) => {
      frame.values[slot] = value(frame);
      return "on";
    };
  return (frame) => {
    const results = values.map((evaluate) => evaluate(frame));
    for (const [index, to] of slots.entries()) frame.values[to] = results[index];
    return "on";
  };
}

function compileAssignment({ variables, init }: AssignmentStatement, scope: Scope): Execute {
  const values = compileValues(init, variables.length, scope);
  const targets = variables.map((variable) => compileTarget(variable, scope));
  const [value, target] = [values[0], targets[0]];
  if (targets.length === 1 && value !== undefined && target !== undefined)
    return (frame) => {
      target(frame, value(frame));
      return "on";
    };
  return (frame) => {
    const results = values.map((evaluate) => evaluate(frame));
    for (const [index, assign] of targets.entries()) assign(frame, results[index]);
    return "on";
  };
}

/** A call as the last of too few values could give more than one in Lua; ours never do. */
function compileValues(
  init: readonly Expression[],
  count: number,
  scope: Scope,
): readonly Evaluate[] {
  if (init.length > count) throw unknownHere("more values than Lua variables");
  if (init.length > 0 && init.length < count) throw unknownHere("fewer values than Lua variables");
  return init.map((value) => compileExpression(value, scope));
}

function compileTarget(
  target: AssignmentStatement["variables"][number],
  scope: Scope,
): (frame: Frame, value: LuaValue) => void {
  if (target.type === "Identifier") {
    const local = findLocal(scope, target.name);
    if (local === undefined) throw unknownHere(`an assignment to Lua's global ${target.name}`);
    const { up, slot } = local;
    return (frame, value) => {
      frameAt(frame, up).values[slot] = value;
    };
  }
  const base = compileExpression(target.base, scope);
  const key: Evaluate =
    target.type === "MemberExpression"
      ? () => target.identifier.name
      : compileExpression(target.index, scope);
  return (frame, value) => setField(base(frame), key(frame), value);
}

function compileFunction(
  { identifier, isLocal, parameters, body }: FunctionDeclaration,
  scope: Scope,
): Execute {
  if (!isLocal || identifier?.type !== "Identifier")
    throw unknownHere("a Lua function that is not local");
  // Each turn of a loop would need locals of its own.
  if (scope.loops > 0) throw unknownHere("a Lua function within a loop");
  const slot = declare(scope, identifier.name);
  const inner = openScope(scope);
  for (const parameter of parameters) {
    if (parameter.type !== "Identifier")
      throw unknownHere("a Lua function of any number of arguments");
    declare(inner, parameter.name);
  }
  const execute = compileBlock(body, inner);
  return (frame) => {
    frame.values[slot] = (args) => {
      const values = args.slice(0, parameters.length);
      const called: Frame = { machine: frame.machine, outer: frame, values, result: undefined };
      execute(called);
      return called.result;
    };
    return "on";
  };
}

function compileIf({ clauses }: IfStatement, scope: Scope): Execute {
  const branches = clauses.map((clause) => ({
    condition:
      clause.type === "ElseClause" ? undefined : compileExpression(clause.condition, scope),
    execute: compileBlock(clause.body, scope),
  }));
  return (frame) => {
    for (const { condition, execute } of branches)
      if (condition === undefined || isTrue(condition(frame))) return execute(frame);
    return "on";
  };
}

function compileWhile({ condition, body }: WhileStatement, scope: Scope): Execute {
  const holds = compileExpression(condition, scope);
  const execute = inLoop(scope, () => compileBlock(body, scope));
  return (frame) => {
    while (isTrue(holds(frame))) if (execute(frame) === "returned") return "returned";
    return "on";
  };
}

function compileCount(
  { variable, start, end, step, body }: ForNumericStatement,
  scope: Scope,
): Execute {
  const first = compileExpression(start, scope);
  const last = compileExpression(end, scope);
  const by: Evaluate = step === null ? () => 1 : compileExpression(step, scope);
  const { slot, execute } = inLoop(scope, () =>
    inBlock(scope, () => ({
      slot: declare(scope, variable.name),
      execute: compileBlock(body, scope),
    })),
  );
  return (frame) => {
    const [from, to, stride] = [first(frame), last(frame), by(frame)].map(numberOf);
    if (from === undefined || to === undefined || stride === undefined)
      throw new LuaFault("'for' limits must be numbers");
    if (stride <= 0) throw unknownHere("a Lua loop that counts down");
    for (let i = from; i <= to; i += stride) {
      frame.values[slot] = i;
      if (execute(frame) === "returned") return "returned";
    }
    return "on";
  };
}

function compileEach({ variables, iterators, body }: ForGenericStatement, scope: Scope): Execute {
  const [call] = iterators;
  if (
    iterators.length !== 1 ||
    call?.type !== "CallExpression" ||
    call.base.type !== "Identifier" ||
    call.base.name !== "ipairs" ||
    findLocal(scope, "ipairs") !== undefined
  )
    throw unknownHere("a Lua loop over anything but ipairs");
  const [list] = call.arguments;
  if (list === undefined) throw unknownHere("ipairs of nothing");
  const table = compileExpression(list, scope);
  const { slots, execute } = inLoop(scope, () =>
    inBlock(scope, () => ({
      slots: variables.map(({ name }) => declare(scope, name)),
      execute: compileBlock(body, scope),
    })),
  );
  const [indexSlot = -1, itemSlot = -1] = slots;
  return (frame) => {
    const elements = table(frame);
    if (!(elements instanceof LuaTable))
      throw new LuaFault(`bad argument #1 to 'ipairs' (table expected, got ${typeName(elements)})`);
    const { items } = elements;
    for (let i = 0; i < items.length; i++) {
      frame.values[indexSlot] = i + 1;
      if (itemSlot >= 0) frame.values[itemSlot] = items[i];
      if (execute(frame) === "returned") return "returned";
    }
    return "on";
  };
}

function inLoop<T>(scope: Scope, compile: () => T): T {
  scope.loops++;
  try {
    return compile();
  } finally {
    scope.loops--;
  }
}
