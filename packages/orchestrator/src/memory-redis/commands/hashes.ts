/** Commands of hashes. */
import { integer, pairsOf, wrongCount } from "../arguments.ts";
import { unknownHere } from "../reply.ts";
import { any, type Command, command } from "./command.ts";

export const hashCommands: Readonly<Record<string, Command>> = {
  hdel: command([2, any], (keyspace, key, names) => {
    const fields = keyspace.get(key, "hash")?.fields;
    if (fields === undefined) return 0;
    const deleted = names.filter((name) => fields.delete(name)).length;
    keyspace.deleteIfEmpty(key);
    return deleted;
  }),
  hexists: command([2, 2], (keyspace, key, [name = ""]) =>
    keyspace.get(key, "hash")?.fields.has(name) ? 1 : 0,
  ),
  hget: command(
    [2, 2],
    (keyspace, key, [name = ""]) => keyspace.get(key, "hash")?.fields.get(name) ?? null,
  ),
  hgetall: command([1, 1], (keyspace, key) => flat(keyspace.get(key, "hash")?.fields)),
  hincrby: command([3, 3], (keyspace, key, [name = "", by]) => {
    const step = integer(by);
    const before = keyspace.get(key, "hash")?.fields.get(name) ?? "0";
    const value = integer(before, "ERR hash value is not an integer") + step;
    keyspace.ensure(key, "hash").fields.set(name, String(value));
    return value;
  }),
  hlen: command([1, 1], (keyspace, key) => keyspace.get(key, "hash")?.fields.size ?? 0),
  hmget: command([2, any], (keyspace, key, names) => {
    const fields = keyspace.get(key, "hash")?.fields;
    return names.map((name) => fields?.get(name) ?? null);
  }),
  // One answer with everything keeps what a scan promises, whatever happens meanwhile.
  hscan: command([2, 4], (keyspace, key, [cursor, option = "COUNT"]) => {
    if (cursor !== "0") throw unknownHere(`the cursor ${cursor}`);
    if (option.toUpperCase() !== "COUNT") throw unknownHere(`HSCAN ${option}`);
    return ["0", flat(keyspace.get(key, "hash")?.fields)];
  }),
  hset: command([3, any], (keyspace, key, rest) => {
    const pairs = pairsOf(rest, wrongCount("hset"));
    const { fields } = keyspace.ensure(key, "hash");
    const before = fields.size;
    for (const [name, value] of pairs) fields.set(name, value);
    return fields.size - before;
  }),
  hsetnx: command([3, 3], (keyspace, key, [name = "", value = ""]) => {
    const { fields } = keyspace.ensure(key, "hash");
    if (fields.has(name)) return 0;
    fields.set(name, value);
    return 1;
  }),
  hvals: command([1, 1], (keyspace, key) => [
    ...(keyspace.get(key, "hash")?.fields.values() ?? []),
  ]),
};

/** Names and values in turn. */
function flat(fields: ReadonlyMap<string, string> | undefined): string[] {
  const reply: string[] = [];
  for (const [name, value] of fields ?? []) reply.push(name, value);
  return reply;
}
