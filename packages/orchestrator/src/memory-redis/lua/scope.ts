/** Where the locals of a script stand: known when it is compiled, so that running it looks up no name. */
import type { LuaTable, LuaValue } from "./value.ts";

/** What one run of a script works with. */
export interface Machine {
  /** redis.call */
  call(args: readonly LuaValue[]): LuaValue;
  readonly keys: LuaTable;
  readonly argv: LuaTable;
  /** Line of the statement or call under way. */
  line: number;
}

/** One call of a function, or the script itself. */
export interface Frame {
  readonly machine: Machine;
  readonly outer: Frame | undefined;
  readonly values: LuaValue[];
  /** What `return` has left. */
  result: LuaValue;
}

/** A function while it is compiled. Each of its locals has a slot of its own. */
export interface Scope {
  readonly outer: Scope | undefined;
  readonly blocks: Map<string, number>[];
  slots: number;
  loops: number;
}

/** A local of this function, or of the one so many levels further out. */
export interface Address {
  readonly up: number;
  readonly slot: number;
}

export function openScope(outer: Scope | undefined): Scope {
  return { outer, blocks: [new Map()], slots: 0, loops: 0 };
}

export function declare(scope: Scope, name: string): number {
  const slot = scope.slots++;
  scope.blocks.at(-1)?.set(name, slot);
  return slot;
}

/** Compiles a block, whose locals end with it. */
export function inBlock<T>(scope: Scope, compile: () => T): T {
  scope.blocks.push(new Map());
  try {
    return compile();
  } finally {
    scope.blocks.pop();
  }
}

export function findLocal(scope: Scope, name: string): Address | undefined {
  let up = 0;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer, up++) {
    const slot = at.blocks.findLast((block) => block.has(name))?.get(name);
    if (slot !== undefined) return { up, slot };
  }
  return undefined;
}

export function frameAt(frame: Frame, up: number): Frame {
  let found = frame;
  for (let level = 0; level < up && found.outer !== undefined; level++) found = found.outer;
  return found;
}
