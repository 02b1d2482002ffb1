/** Commands at random, as the orchestrator has them: the right ones, wrong ones and odd ones. */
import fc from "fast-check";

/** A command and its arguments; keys begin with "@". */
export type Call = readonly [name: string, ...args: readonly string[]];

type Drawn = fc.Arbitrary<string | readonly string[]>;

/** Any command; mostly on a key that holds what it is for. */
export function anyCall(): fc.Arbitrary<Call> {
  return fc.oneof(...calls);
}

/** The call with its keys under a prefix. */
export function under(prefix: string, [name, ...args]: Call): Call {
  return [name, ...args.map((arg) => (arg.startsWith("@") ? `${prefix}${arg.slice(1)}` : arg))];
}

const kinds = ["string", "hash", "list", "set", "zset"] as const;
const keysOf = (kind: (typeof kinds)[number]) => fc.constantFrom(`@${kind}-1`, `@${kind}-2`);
const anyKey = fc.oneof(...kinds.map(keysOf));
const mostly = (kind: (typeof kinds)[number]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 9, arbitrary: keysOf(kind) }, { weight: 1, arbitrary: anyKey });
const [string, hash, list, set, zset] = [
  mostly("string"),
  mostly("hash"),
  mostly("list"),
  mostly("set"),
  mostly("zset"),
];

const text = fc.oneof(
  fc.constantFrom("", "0", "-0", "7", "08", "-12", "1e3", "x", "ä", "\u{1f600}", "\uffee", "a b"),
  fc.string({ unit: "grapheme", maxLength: 5 }),
);
const some = fc.array(text, { minLength: 1, maxLength: 4 });
const score = fc.oneof(
  fc.integer({ min: -5, max: 5 }).map(String),
  fc.constantFrom("inf", "-inf", "+5", "1e3", "0.1", "1e-7", "1700000000000.5", "nan", "x", ""),
);
const bound = fc.oneof(
  score,
  score.map((value) => `(${value}`),
);
const whole = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -6, max: 6 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("-0", "+1", "01", "x", "", "1.5") },
);
const count = fc.integer({ min: 0, max: 4 }).map(String);
const seconds = fc.constantFrom("-1", "0", "1000", "90000", "x");
const withScores = fc.constantFrom<readonly string[]>([], ["WITHSCORES"], ["withscores"]);
const limit = fc.oneof(
  fc.constant<readonly string[]>([]),
  fc.tuple(count, count).map(([skip, most]) => ["LIMIT", skip, most]),
);
const setOptions = fc.constantFrom<readonly string[]>(
  [],
  ["NX"],
  ["EX", "1000"],
  ["PX", "90000", "NX"],
  ["EX", "0"],
);
const fields = pairsOf(text, text);
const scored = pairsOf(score, text);

const calls: readonly fc.Arbitrary<Call>[] = [
  call("del", anyKey, anyKey),
  call("exists", anyKey, anyKey),
  call("expire", anyKey, seconds),
  call("persist", anyKey),
  call("rename", anyKey, anyKey),
  call("type", anyKey),
  call("type", anyKey, text),
  call("get", string),
  call("set", string, text, setOptions),
  call("incr", string),
  call("strlen", string),
  call("hset", hash, fields),
  call("hset", hash, some),
  call("hsetnx", hash, text, text),
  call("hget", hash, text),
  call("hmget", hash, some),
  call("hgetall", hash),
  call("hvals", hash),
  call("hscan", hash, fc.constantFrom<readonly string[]>(["0"], ["0", "COUNT", "10"])),
  call("hexists", hash, text),
  call("hlen", hash),
  call("hdel", hash, some),
  call("hincrby", hash, text, whole),
  call("rpush", list, some),
  call("lpop", list),
  call("lpop", list, whole),
  call("rpop", list),
  call("lrange", list, whole, whole),
  call("lindex", list, whole),
  call("llen", list),
  call("lset", list, whole, text),
  call("sadd", set, some),
  call("srem", set, some),
  call("scard", set),
  call("zadd", zset, scored),
  call("zadd", zset, some),
  call("zadd", zset, fc.constant("XX"), scored),
  call("zcard", zset),
  call("zscore", zset, text),
  call("zmscore", zset, some),
  call("zrem", zset, some),
  call("zpopmin", zset),
  call("zrange", zset, whole, whole, withScores),
  call("zrevrange", zset, whole, whole, withScores),
  call("zrangebyscore", zset, bound, bound, withScores, limit),
  call("zrevrangebyscore", zset, bound, bound, withScores, limit),
  call("zremrangebyscore", zset, bound, bound),
];

/** Arguments are drawn one by one; a list of them is laid flat. */
function call(name: string, ...args: readonly Drawn[]): fc.Arbitrary<Call> {
  return fc.tuple(...args).map((drawn) => [name, ...drawn.flat()]);
}

function pairsOf(
  first: fc.Arbitrary<string>,
  second: fc.Arbitrary<string>,
): fc.Arbitrary<readonly string[]> {
  return fc.array(fc.tuple(first, second), { minLength: 1, maxLength: 3 }).map((all) => all.flat());
}
