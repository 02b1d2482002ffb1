/** EVAL: a script compiled once per text, and the turns between Redis's values and Lua's. */
import { createHash } from "node:crypto";
import { type Chunk, parse } from "luaparse";
import { formatGeneral } from "../number-text.ts";
import { type Reply, ReplyError, unknownHere } from "../reply.ts";
import { type Frame, type Machine, openScope } from "./scope.ts";
import { compileBlock } from "./statements.ts";
import { LuaFault, LuaTable, type LuaValue } from "./value.ts";

export interface Script {
  /** Runs it. What it has written before an error stays, as in Redis. */
  run(call: RedisCall, keys: readonly string[], argv: readonly string[]): Reply;
}

type RedisCall = (name: string, args: readonly string[]) => Reply;

export function compileScript(text: string): Script {
  if (/[\u0080-\uffff]/.test(text)) throw unknownHere("a script that is not ASCII");
  const chunk = parsed(text);
  const scope = openScope(undefined);
  const execute = compileBlock(chunk.body, scope);
  const sha = createHash("sha1").update(text).digest("hex");
  return {
    run(call, keys, argv) {
      const machine: Machine = {
        call: (args) => fromReply(calledWith(call, args)),
        keys: new LuaTable([...keys]),
        argv: new LuaTable([...argv]),
        line: 1,
      };
      const frame: Frame = { machine, outer: undefined, values: [], result: undefined };
      try {
        execute(frame);
        return toReply(frame.result);
      } catch (error) {
        throw scriptError(error, sha, machine.line);
      }
    },
  };
}

function parsed(text: string): Chunk {
  try {
    return parse(text, {
      luaVersion: "5.1",
      comments: false,
      locations: true,
      encodingMode: "x-user-defined",
    });
  } catch (error) {
    throw new ReplyError(`ERR Error compiling script: ${String(error)}`);
  }
}

function calledWith(call: RedisCall, values: readonly LuaValue[]): Reply {
  const [name = "", ...args] = values.map(argumentOf);
  return call(name.toLowerCase(), args);
}

function argumentOf(value: LuaValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return formatGeneral(value, 17);
  throw new ReplyError("ERR Lua redis lib command arguments must be strings or integers");
}

function fromReply(reply: Reply): LuaValue {
  if (reply === null) return false;
  if (typeof reply !== "object") return reply;
  if (reply instanceof Error) throw reply;
  if ("status" in reply) {
    const table = new LuaTable();
    table.set("ok", reply.status);
    return table;
  }
  return new LuaTable(reply.map(fromReply));
}

function toReply(value: LuaValue): Reply {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
      return value ? 1 : null;
    case "string":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw unknownHere(`${value} as the answer of a script`);
      return Math.trunc(value) + 0;
    case "object":
      if (value.fields.size > 0) throw unknownHere("a script that answers a table with fields");
      return value.items.map(toReply);
    default:
      throw unknownHere(`a script that answers a ${typeof value}`);
  }
}

function scriptError(error: unknown, sha: string, line: number): unknown {
  const place = `script: ${sha}, on @user_script:${line}.`;
  if (error instanceof ReplyError) return new ReplyError(`${error.message} ${place}`);
  if (error instanceof LuaFault)
    return new ReplyError(`ERR user_script:${line}: ${error.message} ${place}`);
  return error;
}
