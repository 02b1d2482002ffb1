/** Commands against the real Redis: the same ones at random, the same answers and the same keys. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { answersTo, dumpOf, keysOfTest, openBothStores } from "./both-stores.test-support.ts";
import { anyCall, under } from "./calls.test-support.ts";

const anyCalls = fc.array(anyCall(), { minLength: 50, maxLength: 150, size: "max" });

it("answers and keeps what the real Redis does, whatever the commands", async () => {
  const stores = openBothStores();
  const { real, memory } = stores;
  const prefix = keysOfTest(stores);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(anyCalls, async (drawn) => {
      const base = `${prefix}${runs++}:`;
      const calls = drawn.map((call) => under(base, call));
      expect(await answersTo(memory, calls)).toEqual(await answersTo(real, calls));
      expect(await dumpOf(memory, base)).toEqual(await dumpOf(real, base));
    }),
    { numRuns: 100 },
  );
});

it("answers sets and patterns as the real Redis does, in any order", async () => {
  const stores = openBothStores();
  const base = keysOfTest(stores);
  const members = ["1", "b", "\u00e4", ""];
  for (const redis of [stores.real, stores.memory]) {
    await redis.sadd(`${base}s.t`, ...members);
    await redis.hset(`${base}(h)`, { a: "1" });
    expect((await redis.smembers(`${base}s.t`)).toSorted()).toEqual(members.toSorted());
    expect((await redis.srandmember(`${base}s.t`, 9)).toSorted()).toEqual(members.toSorted());
    const drawn = (await redis.srandmember(`${base}s.t`, 3)) ?? [];
    expect(new Set(drawn).size).toBe(3);
    expect(members).toEqual(expect.arrayContaining(drawn));
    expect(await redis.keys(`${base}*.*`)).toEqual([`${base}s.t`]);
    expect((await redis.keys(`*${base}*`)).length).toBe(2);
  }
});

it("takes arguments and gives answers in ioredis's ways", async () => {
  const stores = openBothStores();
  const base = keysOfTest(stores);
  const both = [stores.real, stores.memory].map(async (redis) => {
    const transaction = redis.multi().zpopmin(`${base}z`).incr(`${base}h`).zscore(`${base}z`, "b");
    return [
      await redis.hset(`${base}h`, { a: 1, b: "\ud800" }),
      await redis.hgetall(`${base}h`),
      await redis.zadd(`${base}z`, 2, "b", 1, "a"),
      await redis.zrange(`${base}z`, "0", "-1", "WITHSCORES"),
      (await transaction.exec())?.map(([error, reply]) => error?.message ?? reply),
      await redis.pipeline().get(`${base}s`).set(`${base}s`, "1").exec(),
    ];
  });
  const [real, memory] = await Promise.all(both);
  expect(memory).toEqual(real);
});
