/** Commands of strings and counters. */
import { integer } from "../arguments.ts";
import { ok, ReplyError, unknownHere } from "../reply.ts";
import { any, type Command, command } from "./command.ts";

export const stringCommands: Readonly<Record<string, Command>> = {
  get: command([1, 1], (keyspace, key) => keyspace.get(key, "string")?.text ?? null),
  incr: command([1, 1], (keyspace, key) => {
    const value = integer(keyspace.get(key, "string")?.text ?? "0") + 1;
    keyspace.put(key, { kind: "string", text: String(value) }, keyspace.expiryOf(key));
    return value;
  }),
  set: command([2, any], (keyspace, key, [text = "", ...options]) => {
    const { ttlMs, onlyNew } = readOptions(options);
    if (onlyNew && keyspace.find(key) !== undefined) return null;
    const expiresAt = ttlMs === undefined ? undefined : keyspace.now + ttlMs;
    keyspace.put(key, { kind: "string", text }, expiresAt);
    return ok;
  }),
  strlen: command([1, 1], (keyspace, key) =>
    Buffer.byteLength(keyspace.get(key, "string")?.text ?? ""),
  ),
};

function readOptions(options: readonly string[]): {
  readonly ttlMs: number | undefined;
  readonly onlyNew: boolean;
} {
  let ttlMs: number | undefined;
  let onlyNew = false;
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase() ?? "";
    if (option === "NX") onlyNew = true;
    else if (option === "EX" || option === "PX")
      ttlMs = integer(options[++i]) * (option === "EX" ? 1000 : 1);
    else throw unknownHere(`SET ${option}`);
  }
  if (ttlMs !== undefined && ttlMs <= 0)
    throw new ReplyError("ERR invalid expire time in 'set' command");
  return { ttlMs, onlyNew };
}
