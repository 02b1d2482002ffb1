/** Commands of sets. */
import { integer } from "../arguments.ts";
import { unknownHere } from "../reply.ts";
import { any, type Command, command } from "./command.ts";

export const setCommands: Readonly<Record<string, Command>> = {
  sadd: command([2, any], (keyspace, key, added) => {
    const { members } = keyspace.ensure(key, "set");
    const before = members.size;
    for (const member of added) members.add(member);
    return members.size - before;
  }),
  scard: command([1, 1], (keyspace, key) => keyspace.get(key, "set")?.members.size ?? 0),
  smembers: command([1, 1], (keyspace, key) => [...(keyspace.get(key, "set")?.members ?? [])]),
  srandmember: command([2, 2], (keyspace, key, [count]) => {
    const wanted = integer(count);
    if (wanted < 0) throw unknownHere("SRANDMEMBER with repetitions");
    return drawn([...(keyspace.get(key, "set")?.members ?? [])], wanted, keyspace.random);
  }),
  srem: command([2, any], (keyspace, key, gone) => {
    const members = keyspace.get(key, "set")?.members;
    if (members === undefined) return 0;
    const removed = gone.filter((member) => members.delete(member)).length;
    keyspace.deleteIfEmpty(key);
    return removed;
  }),
};

/** Up to `wanted` of the members, each at most once. */
function drawn(
  members: readonly string[],
  wanted: number,
  random: () => number,
): readonly string[] {
  if (wanted >= members.length) return members;
  const left = [...members];
  return Array.from({ length: wanted }, () => {
    return left.splice(Math.floor(random() * left.length), 1)[0] ?? "";
  });
}
