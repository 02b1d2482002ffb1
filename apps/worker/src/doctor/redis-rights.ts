/** Whether the Redis user may do what headgate does, asked without doing it. */
import type { Redis } from "ioredis";
import { type Check, fail, ok, skip } from "./check.ts";

/** Commands on headgate's keys, by its own scripts, its client and BullMQ; KEY stands for a key. */
const keyCommands = [
  ...["DEL", "EXISTS", "EXPIRE", "GET", "INCR", "INCRBY", "PERSIST", "PEXPIRE", "PEXPIREAT"],
  ...["PTTL", "SET", "TTL", "TYPE", "UNLINK"],
  ...["HDEL", "HEXISTS", "HGET", "HGETALL", "HINCRBY", "HLEN", "HMGET", "HMSET", "HSET", "HSETNX"],
  ...["HSCAN", "HVALS"],
  ...["LINDEX", "LLEN", "LPOP", "LPOS", "LPUSH", "LRANGE", "LREM", "LSET", "LTRIM", "RPOP"],
  "RPUSH",
  ...["SADD", "SCARD", "SISMEMBER", "SMEMBERS", "SRANDMEMBER", "SREM", "SSCAN"],
  ...["BZPOPMIN", "ZADD", "ZCARD", "ZCOUNT", "ZINCRBY", "ZLEXCOUNT", "ZPOPMIN", "ZRANGE"],
  ...["ZRANGEBYLEX", "ZRANGEBYSCORE", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE"],
  ...["ZREVRANGE", "ZREVRANGEBYSCORE", "ZSCORE"],
  ...["XACK", "XADD", "XAUTOCLAIM", "XDEL", "XLEN", "XPENDING", "XRANGE", "XTRIM"],
].map((command) => `${command} KEY`);
const otherCommands = [
  ...["RENAME KEY KEY", "RPOPLPUSH KEY KEY", "XGROUP CREATE KEY", "XINFO STREAM KEY"],
  ...["XREAD STREAMS KEY 0", "XREADGROUP GROUP g c STREAMS KEY >"],
];
const keylessCommands = [
  ...["CLIENT SETNAME", "DISCARD", "EVAL", "EVALSHA", "EXEC", "INFO", "MULTI"],
  ...["PING", "SCAN", "SCRIPT LOAD", "TIME"],
];

/** Answers those of ARGV that the user may not use, or that Redis cannot tell. */
const askEach = `
if not redis.acl_check_cmd then return 'cannot tell' end
local refused = {}
for _, command in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(command, '%S+') do words[#words + 1] = word end
  if not redis.acl_check_cmd(unpack(words)) then refused[#refused + 1] = command end
end
return refused
`;

const name = { id: "redis.rights", title: "Redis rights" };

/**
 * Asks Redis itself (`redis.acl_check_cmd`, from Redis 7.0 on) about each command on a key of each
 * kind; `keys` are examples of those kinds. Runs none of the commands.
 */
export async function rightsCheck(redis: Redis, keys: readonly string[]): Promise<Check> {
  const onKeys = keys.flatMap((key) =>
    [...keyCommands, ...otherCommands].map((command) => command.replaceAll("KEY", key)),
  );
  const asked = [...onKeys, ...keylessCommands];
  const answer = await redis.eval(askEach, 0, ...asked);
  if (!Array.isArray(answer)) return skip(name, "Redis before 7.0 cannot be asked");
  const refused = answer.map(String);
  if (refused.length === 0) return ok(name, `all that headgate does is allowed (${asked.length})`);
  const more = refused.length > 5 ? ` and ${refused.length - 5} more` : "";
  return fail(
    name,
    `not allowed: ${refused.slice(0, 5).join(", ")}${more}`,
    "give the user these commands and keys with ACL SETUSER; docs/operations.md has the line",
  );
}
