/** Runs commands on a keyspace: the table of all of them, and EVAL, which runs them from a script. */
import { integer, wrongCount } from "./arguments.ts";
import type { Command } from "./commands/command.ts";
import { hashCommands } from "./commands/hashes.ts";
import { keyCommands } from "./commands/keys.ts";
import { listCommands } from "./commands/lists.ts";
import { setCommands } from "./commands/sets.ts";
import { sortedSetCommands } from "./commands/sorted-sets.ts";
import { stringCommands } from "./commands/strings.ts";
import type { Keyspace } from "./keyspace.ts";
import { compileScript, type Script } from "./lua/script.ts";
import { type Reply, ReplyError, unknownHere } from "./reply.ts";

const commands: ReadonlyMap<string, Command> = new Map(
  [keyCommands, stringCommands, hashCommands, listCommands, setCommands, sortedSetCommands].flatMap(
    (table) => Object.entries(table),
  ),
);

/** Scripts by their text. There are as many as the program has. */
const compiled = new Map<string, Script>();

/** Runs one command; `name` is in small letters. Throws a ReplyError where Redis answers one. */
export function execute(keyspace: Keyspace, name: string, args: readonly string[]): Reply {
  if (name === "eval") return evaluate(keyspace, args);
  return runCommand(keyspace, name, { args, miscounted: wrongCount(name) });
}

function runCommand(
  keyspace: Keyspace,
  name: string,
  { args, miscounted }: { readonly args: readonly string[]; readonly miscounted: string },
): Reply {
  const command = commands.get(name);
  if (command === undefined) throw unknownHere(`the command ${name}`);
  if (args.length < command.least || args.length > command.most) throw new ReplyError(miscounted);
  return command.run(keyspace, args);
}

const miscounted = "ERR Wrong number of args calling Redis command from script";

function evaluate(keyspace: Keyspace, [text = "", count, ...rest]: readonly string[]): Reply {
  const keys = integer(count);
  if (keys > rest.length)
    throw new ReplyError("ERR Number of keys can't be greater than number of args");
  let script = compiled.get(text);
  if (script === undefined) {
    script = compileScript(text);
    compiled.set(text, script);
  }
  return script.run(
    (name, args) => runCommand(keyspace, name, { args, miscounted }),
    rest.slice(0, keys),
    rest.slice(keys),
  );
}
