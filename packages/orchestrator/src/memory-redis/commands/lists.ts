/** Commands of lists. */
import { indexRange, integer } from "../arguments.ts";
import { ok, ReplyError } from "../reply.ts";
import { any, type Command, command } from "./command.ts";

export const listCommands: Readonly<Record<string, Command>> = {
  lindex: command([2, 2], (keyspace, key, [index]) => {
    const items = keyspace.get(key, "list")?.items;
    return items?.at(integer(index)) ?? null;
  }),
  llen: command([1, 1], (keyspace, key) => keyspace.get(key, "list")?.items.length ?? 0),
  lpop: command([1, 2], (keyspace, key, [count]) => {
    const wanted = count === undefined ? undefined : popCount(count);
    const items = keyspace.get(key, "list")?.items;
    if (items === undefined) return null;
    const popped = items.splice(0, wanted ?? 1);
    keyspace.deleteIfEmpty(key);
    return wanted === undefined ? (popped[0] ?? null) : popped;
  }),
  lrange: command([3, 3], (keyspace, key, [first, last]) => {
    const range = indexRange(first, last);
    const items = keyspace.get(key, "list")?.items ?? [];
    return items.slice(...range(items.length));
  }),
  lset: command([3, 3], (keyspace, key, [index, item = ""]) => {
    const items = keyspace.get(key, "list")?.items;
    if (items === undefined) throw new ReplyError("ERR no such key");
    const at = integer(index);
    const place = at < 0 ? items.length + at : at;
    if (items[place] === undefined) throw new ReplyError("ERR index out of range");
    items[place] = item;
    return ok;
  }),
  rpop: command([1, 1], (keyspace, key) => {
    const item = keyspace.get(key, "list")?.items.pop();
    keyspace.deleteIfEmpty(key);
    return item ?? null;
  }),
  rpush: command([2, any], (keyspace, key, added) => {
    const { items } = keyspace.ensure(key, "list");
    for (const item of added) items.push(item);
    return items.length;
  }),
};

function popCount(text: string): number {
  const outOfRange = "ERR value is out of range, must be positive";
  const count = integer(text, outOfRange);
  if (count < 0) throw new ReplyError(outOfRange);
  return count;
}
