/** The shape of a command. */
import type { Keyspace } from "../keyspace.ts";
import type { Reply } from "../reply.ts";

export interface Command {
  /** How many arguments it takes. */
  readonly least: number;
  readonly most: number;
  run(keyspace: Keyspace, args: readonly string[]): Reply;
}

/** A command of a key that has exactly or at least so many arguments, the key among them. */
export function command(
  [least, most]: readonly [number, number],
  run: (keyspace: Keyspace, key: string, rest: readonly string[]) => Reply,
): Command {
  return { least, most, run: (keyspace, args) => run(keyspace, args[0] ?? "", args.slice(1)) };
}

export const any = Number.POSITIVE_INFINITY;
