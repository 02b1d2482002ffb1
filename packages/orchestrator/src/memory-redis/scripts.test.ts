/** Lua against the real Redis: the same script, the same answer or error, the same keys. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  answersTo,
  type BothStores,
  dumpOf,
  keysOfTest,
  openBothStores,
} from "./both-stores.test-support.ts";

/** Each runs with KEYS[1] as a prefix of its own and these ARGV. */
const scripts: readonly (readonly [name: string, lua: string, ...argv: readonly string[]])[] = [
  ["nothing", ""],
  ["nil", "return nil"],
  ["true", "return 1 == 1"],
  ["false", "return 1 ~= 1"],
  ["numbers cut off", "return {1.9, -1.9, 0 - 0.5, 3}"],
  ["a list up to its end", "return {'a', {1, {2}}, {}, tonumber('x')}"],
  [
    "keys and arguments",
    "return {KEYS[1] .. ARGV[1], #ARGV, ARGV[#ARGV], ARGV[9] == nil}",
    "a",
    "b",
  ],
  ["nil of Redis", "return redis.call('GET', KEYS[1]) == false"],
  ["a status", "return redis.call('SET', KEYS[1], 'x').ok"],
  ["an empty list", "return #redis.call('LRANGE', KEYS[1], 0, -1)"],
  ["a list with nils", "return #redis.call('HMGET', KEYS[1], 'a', 'b') .. ''"],
  ["truth", "return {0 and 'a', '' and 'b', (false or 'c'), not nil == true, (nil and 1) or 'd'}"],
  ["precedence", "return {1 + 2 * 3, (1 + 2) * 3, 7 % 4, -7 % 4, 2 - 1 - 1 .. 'x', not 1 == 2}"],
  ["text as numbers", "return {'10' + 1, '3' * '4', -'2' .. '', 10 .. 20}"],
  ["order", "return {1 < 2, 'a' < 'b', 'Z' < 'a', 2 >= 2, 'b' <= 'a', 'a' == 'a', 1 == '1'}"],
  ["order of bytes", "return {ARGV[1] < ARGV[2], ARGV[2] > ARGV[1]}", "\uffee", "\u{1f600}"],
  [
    "length in bytes",
    "return {#ARGV[1], string.sub(ARGV[1], 1, 2), string.sub('abc', 2, 9)}",
    "\u00e4b",
  ],
  [
    "find",
    "return {string.find('a.b.c', '.b', 1, true) or 0, string.find('a', 'b', 1, true) or 0}",
  ],
  [
    "shadowed names",
    "local a = 1 if a then local a = 2 a = 3 end for i = 1, 2 do local a = i end return a",
  ],
  [
    "a loop's local",
    "local seen = {} for i = 1, 2 do local a if i == 1 then a = 1 end seen[i] = a or 0 end return seen",
  ],
  [
    "captured names",
    "local n = 0 local function up(by) n = n + by return n end up(2) up(3) return n",
  ],
  [
    "recursion",
    "local function f(n) if n < 2 then return 1 end return n * f(n - 1) end return f(10)",
  ],
  [
    "too few arguments",
    "local function f(a, b) return b == nil and 'nil' or b end return {f(1), f(1, 2), f(1, 2, 3)}",
  ],
  ["a swap", "local a, b = 1, 2 a, b = b, a return {a, b}"],
  [
    "a step",
    "local sum = 0 for i = 1, 10, 3 do sum = sum + i end for i = 3, 2 do sum = 99 end return sum",
  ],
  ["while", "local n = 0 while n < 5 do n = n + 2 end return n"],
  ["ipairs", "local t = {} for i, v in ipairs({'a', 'b'}) do t[#t + 1] = v .. i end return t"],
  [
    "fields",
    "local t = {a = {b = 1}, 2} t.a.c = 3 t['d'] = 4 t.a.b = nil return {t.a.b == nil, t.a.c, t.d, t[1], #t}",
  ],
  [
    "an unpacked list",
    "redis.call('RPUSH', KEYS[1], unpack({'a', 'b'})) return redis.call('LRANGE', KEYS[1], 0, -1)",
  ],
  [
    "most and least",
    "return {math.max(1, '3', 2), math.min(2, 1), math.floor(-1.5), math.huge > 1}",
  ],
  [
    "nested objects",
    "local v = cjson.decode(ARGV[1]) return {v.a[2].b, v.n == nil, v.n == cjson.null, #v.a}",
    '{"a":[1,{"b":"\\u00e4/"}],"n":null}',
  ],
  [
    "empty tables as JSON",
    "return {cjson.encode({}), cjson.encode(cjson.decode('[]')), cjson.encode({1, 'a/', {}})}",
  ],
  ["a wrong type", "redis.call('SET', KEYS[1], 'x') return redis.call('HGET', KEYS[1], 'a')"],
  [
    "writes before an error",
    "redis.call('SET', KEYS[1] .. 'a', 1)\nredis.call('SET', KEYS[1] .. 'b', 2)\nreturn redis.call('INCR', KEYS[1] .. 'a', 2)",
  ],
  [
    "minus nothing",
    "local t = {} redis.call('HINCRBY', KEYS[1], 'a', 0 - #t)\nreturn redis.call('HINCRBY', KEYS[1], 'a', -#t)",
  ],
  ["nil as an argument", "\nreturn redis.call('SET', KEYS[1], nil)"],
  ["false as an argument", "return redis.call('SET', KEYS[1], false)"],
  ["a table as an argument", "return redis.call('SET', KEYS[1], {})"],
  [
    "numbers as arguments",
    "redis.call('RPUSH', KEYS[1], 1, 1.5, 0.1, 1e15, 123456789012345678, 1 / 3)",
  ],
  [
    "scores as arguments",
    "redis.call('ZADD', KEYS[1], 1.5, 'a', math.huge, 'b') return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')",
  ],
  [
    "popped",
    "redis.call('ZADD', KEYS[1], 2, 'a') return {redis.call('ZPOPMIN', KEYS[1])[1], #redis.call('ZPOPMIN', KEYS[1])}",
  ],
  ["arithmetic on nil", "local a\nreturn a + 1"],
  ["a call of nil", "local a\nreturn a()"],
  ["an index of nil", "local a\nreturn a.b"],
  ["a comparison of kinds", "return 1 < '2'"],
  ["a comparison of nothing", "return nil < nil"],
  ["a concatenation of nothing", "return 'a' .. nil"],
];

describe("a script of", () => {
  it.each(scripts)("%s", async (_, lua, ...argv) => {
    await expectSame(openBothStores(), lua, argv);
  });
});

it.each([
  ["return cjson.decode(ARGV[1])", "{torn"],
  ["return cjson.decode(ARGV[1])", '"\\ud800"'],
  ["return return", ""],
])("fails where Redis fails: %s of %s", async (lua, argument) => {
  const [{ real, memory }, call] = [openBothStores(), ["eval", lua, "0", argument] as const];
  const answers = [await answersTo(real, [call]), await answersTo(memory, [call])].flat();
  const fault = /^error: ERR (user_script:1: |Error compiling script)/;
  expect(answers).toEqual([expect.stringMatching(fault), expect.stringMatching(fault)]);
});

describe("numbers and JSON at random", () => {
  const anyNumber = fc.oneof(
    fc.double({ noNaN: true }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.integer({ min: -100, max: 100 }).map((half) => half / 2),
    fc.constantFrom(0, -0, 1e-5, 1e-4, 1e14, 1e15, 1e16, 1e17, 1e21),
  );

  it("are written alike", async () => {
    const stores = openBothStores();
    const lua = `local n = tonumber(ARGV[1])
      redis.call('SET', KEYS[1], n)
      return {n .. '', string.format('%.0f', n), redis.call('GET', KEYS[1])}`;
    await fc.assert(
      fc.asyncProperty(anyNumber, (number) => expectSame(stores, lua, [String(number)])),
      { numRuns: 200 },
    );
  });

  it("are read alike", async () => {
    const stores = openBothStores();
    const lua = "local n = tonumber(ARGV[1]) return n and (n .. '')";
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(..."0123456789.eE+- ") }),
      fc.constantFrom("", " 7 ", "inf", "-Infinity", "nan", "1e", ".", "1.", ".5", "--1", "1 2"),
    );
    await fc.assert(
      fc.asyncProperty(text, (drawn) => expectSame(stores, lua, [drawn])),
      { numRuns: 200 },
    );
  });

  it("come back from cjson alike", async () => {
    const stores = openBothStores();
    const text = fc.string({ unit: "grapheme" });
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        text,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 4 }),
        // With one field, for their order is that of a hash table.
        fc.tuple(text, tie("value")).map(([name, field]) => ({ [name]: field })),
      ),
    }));
    const lua = "return cjson.encode(cjson.decode(ARGV[1]))";
    await fc.assert(
      fc.asyncProperty(value, (drawn) => expectSame(stores, lua, [JSON.stringify(drawn)])),
      { numRuns: 200 },
    );
  });
});

async function expectSame(stores: BothStores, lua: string, argv: readonly string[]): Promise<void> {
  const prefix = keysOfTest(stores);
  const call = ["eval", lua, "1", prefix, ...argv] as const;
  const answers = await answersTo(stores.real, [call]);
  expect(await answersTo(stores.memory, [call])).toEqual(answers.map(withoutNames));
  expect(await dumpOf(stores.memory, prefix)).toEqual(await dumpOf(stores.real, prefix));
}

/** Lua tells which variable it was; the one in memory does not. */
function withoutNames(answer: unknown): unknown {
  if (typeof answer !== "string") return answer;
  return answer.replace(/local 'a' \((a nil value)\)/, "$1");
}
