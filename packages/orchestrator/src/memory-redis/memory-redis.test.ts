import { epochMs } from "@headgate/core";
import { expect, it } from "vitest";
import { Keyspace } from "./keyspace.ts";
import { openMemoryRedis, type Via } from "./memory-redis.ts";

interface TestKeyspace {
  readonly keyspace: Keyspace;
  setNow(instant: number): void;
}

function keyspaceOfTest(random: () => number = () => 0): TestKeyspace {
  let now = epochMs(1_000_000);
  return {
    keyspace: new Keyspace({ clock: () => now, random }),
    setNow(instant) {
      now = epochMs(instant);
    },
  };
}

it("tells the time of its clock and lets keys expire by it", async () => {
  const test = keyspaceOfTest();
  const redis = openMemoryRedis(test.keyspace);
  await redis.set("a", "1", "PX", 1500);
  test.setNow(1_001_400);
  expect((await redis.time()).map(Number)).toEqual([1001, 400_000]);
  expect([await redis.get("a"), await redis.pttl("a"), await redis.ttl("a")]).toEqual([
    "1",
    100,
    0,
  ]);
  test.setNow(1_001_501);
  expect([await redis.get("a"), await redis.pttl("a")]).toEqual([null, -2]);
  expect(await redis.keys("*")).toEqual([]);
});

it("lets several clients work on the same keys", async () => {
  const { keyspace } = keyspaceOfTest();
  const [one, other] = [openMemoryRedis(keyspace), openMemoryRedis(keyspace)];
  await one.set("a", "1");
  expect(await other.incr("a")).toBe(2);
});

it("goes back to a copy any number of times, and loses everything", async () => {
  const { keyspace } = keyspaceOfTest();
  const redis = openMemoryRedis(keyspace);
  await redis.zadd("z", 2, "b", 1, "a");
  await redis.set("s", "x", "EX", 10);
  const copy = keyspace.snapshot();
  for (const member of ["c", "d"]) {
    await redis.zadd("z", 0, member);
    await redis.persist("s");
    keyspace.restore(copy);
    expect(await redis.zrange("z", "0", "-1")).toEqual(["a", "b"]);
    expect(await redis.ttl("s")).toBe(10);
  }
  keyspace.flush();
  expect(await redis.keys("*")).toEqual([]);
});

it("draws members by the randomness that it is given", async () => {
  const draws = [0.9, 0.1];
  const { keyspace } = keyspaceOfTest(() => draws.shift() ?? 0);
  const redis = openMemoryRedis(keyspace);
  await redis.sadd("s", "a", "b", "c");
  expect(await redis.srandmember("s", 2)).toEqual(["c", "a"]);
});

it("runs commands and pipelines in the order in which they are given", async () => {
  const redis = openMemoryRedis(keyspaceOfTest().keyspace);
  const pipeline = redis.pipeline().rpush("l", "a").rpush("l", "b").exec();
  const command = redis.rpush("l", "c");
  expect(await redis.lrange("l", 0, -1)).toEqual(["a", "b", "c"]);
  expect([await command, await pipeline]).toEqual([
    3,
    [
      [null, 1],
      [null, 2],
    ],
  ]);
});

it("hands a hook each message with all its commands", async () => {
  const seen: (readonly string[])[] = [];
  const via: Via = async (message, run) => {
    seen.push(message.map(({ name, args }) => [name, ...args].join(" ")));
    run();
  };
  const redis = openMemoryRedis(keyspaceOfTest().keyspace, { via });
  await redis.set("a", 1);
  await redis.pipeline().get("a").strlen("a").exec();
  expect(await redis.multi().get("a").incr("a").exec()).toEqual([
    [null, "1"],
    [null, 2],
  ]);
  expect(seen).toEqual([["set a 1"], ["get a", "strlen a"], ["multi", "get a", "incr a", "exec"]]);
});

it("lets a hook lose a message, or the answer to it", async () => {
  const { keyspace } = keyspaceOfTest();
  const lost: Via = async () => {
    throw new Error("it never arrived");
  };
  const done: Via = async (_, run) => {
    run();
    throw new Error("no answer");
  };
  await expect(openMemoryRedis(keyspace, { via: lost }).incr("a")).rejects.toThrow("never arrived");
  await expect(openMemoryRedis(keyspace, { via: done }).incr("a")).rejects.toThrow("no answer");
  const transaction = openMemoryRedis(keyspace, { via: done }).multi().incr("a").incr("a");
  await expect(transaction.exec()).rejects.toThrow("no answer");
  expect(await openMemoryRedis(keyspace).get("a")).toBe("3");
});

it("answers nothing to a client that has disconnected", async () => {
  const redis = openMemoryRedis(keyspaceOfTest().keyspace);
  redis.disconnect();
  await expect(redis.get("a")).rejects.toThrow("Connection is closed");
});

it.each([
  ["the command geoadd", "geoadd", "k", "1", "2", "m"],
  ["SET GET", "set", "k", "v", "GET"],
  ["a Lua loop over anything but ipairs", "eval", "for k in pairs({}) do end", "0"],
  ["Lua's global redis.pcall", "eval", "return redis.pcall('GET', 'k')", "0"],
  ["Lua's global strlen", "eval", "return strlen('a')", "0"],
  ["a Lua function with two results", "eval", "return 1, 2", "0"],
  ["string.find of a pattern", "eval", "return string.find('a', '%a')", "0"],
  ["string.format with %d", "eval", "return string.format('%d', 1)", "0"],
  ["a Lua table with a hole", "eval", "return #{nil, 1}", "0"],
  ["the integer 9007199254740993", "hincrby", "k", "f", "9007199254740993"],
])("does not pretend to know %s", async (what, name, ...args) => {
  const redis = openMemoryRedis(keyspaceOfTest().keyspace);
  await expect(redis.call(name, ...args)).rejects.toThrow(`does not know ${what}`);
});
