/** Commands that any key knows, and those of the server. */
import { integer } from "../arguments.ts";
import { ok, ReplyError, unknownHere } from "../reply.ts";
import { any, type Command, command } from "./command.ts";

export const keyCommands: Readonly<Record<string, Command>> = {
  del: { least: 1, most: any, run: (keyspace, keys) => count(keys, (key) => keyspace.delete(key)) },
  exists: {
    least: 1,
    most: any,
    run: (keyspace, keys) => count(keys, (key) => keyspace.find(key) !== undefined),
  },
  expire: command([2, 2], (keyspace, key, [seconds]) => {
    const expiresAt = keyspace.now + integer(seconds) * 1000;
    if (keyspace.find(key) === undefined) return 0;
    keyspace.expire(key, expiresAt);
    return 1;
  }),
  keys: {
    least: 1,
    most: 1,
    run: (keyspace, [pattern = ""]) => {
      const matches = glob(pattern);
      return keyspace.keys().filter((key) => matches.test(key));
    },
  },
  persist: command([1, 1], (keyspace, key) => {
    if (keyspace.expiryOf(key) === undefined) return 0;
    keyspace.expire(key, undefined);
    return 1;
  }),
  ping: { least: 0, most: 0, run: () => ({ status: "PONG" }) },
  pttl: command([1, 1], (keyspace, key) => {
    if (keyspace.find(key) === undefined) return -2;
    const expiresAt = keyspace.expiryOf(key);
    return expiresAt === undefined ? -1 : expiresAt - keyspace.now;
  }),
  rename: command([2, 2], (keyspace, key, [to = ""]) => {
    const value = keyspace.find(key);
    if (value === undefined) throw new ReplyError("ERR no such key");
    const expiresAt = keyspace.expiryOf(key);
    keyspace.delete(key);
    keyspace.put(to, value, expiresAt);
    return ok;
  }),
  time: {
    least: 0,
    most: 0,
    run: ({ now }) => [String(Math.floor(now / 1000)), String((now % 1000) * 1000)],
  },
  ttl: command([1, 1], (keyspace, key) => {
    if (keyspace.find(key) === undefined) return -2;
    const expiresAt = keyspace.expiryOf(key);
    return expiresAt === undefined ? -1 : Math.round((expiresAt - keyspace.now) / 1000);
  }),
  type: command([1, 1], (keyspace, key) => ({ status: keyspace.find(key)?.kind ?? "none" })),
};

function count(keys: readonly string[], holds: (key: string) => boolean): number {
  return keys.reduce((sum, key) => sum + (holds(key) ? 1 : 0), 0);
}

function glob(pattern: string): RegExp {
  if (/[?[\]\\]/.test(pattern)) throw unknownHere(`KEYS ${pattern}`);
  const literals = pattern.split("*").map((text) => text.replace(/[.+^${}()|/]/g, "\\$&"));
  return new RegExp(`^${literals.join(".*")}$`, "s");
}
