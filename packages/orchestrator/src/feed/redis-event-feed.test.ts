import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import type { FeedEntry } from "../event-feed.ts";
import type { HeadgateEvent } from "../events.ts";
import { doorOfTest, redisOfTest, type TestDoor } from "../redis-loads.test-support.ts";
import { createEventWriter, type EventWriter } from "./event-writer.ts";
import { createRedisEventFeed, type OpenEventFeed } from "./redis-event-feed.ts";

interface TestFeed {
  readonly door: TestDoor;
  readonly feed: OpenEventFeed;
  readonly writer: EventWriter;
  readonly key: string;
}

function feedOfTest(options: { readonly held?: number; readonly writesTo?: Redis } = {}): TestFeed {
  const door = doorOfTest();
  const { prefix } = door;
  const feed = createRedisEventFeed({
    redis: door.redis,
    prefix,
    connect: () =>
      new Redis(inject("redisUrl"), { connectionName: prefix, maxRetriesPerRequest: null }),
  });
  const writer = createEventWriter({
    redis: options.writesTo ?? door.redis,
    prefix,
    baseOf: (connection) => door.of(connection).ledger.base,
    ...(options.held === undefined ? {} : { held: options.held }),
  });
  onTestFinished(async () => {
    await feed.close();
    await writer.close();
  });
  return { door, feed, writer, key: `${prefix}:events` };
}

/** The feed's own connections that wait for entries, as CLIENT LIST tells them. */
async function blocked({ door }: TestFeed): Promise<readonly string[]> {
  const clients = String(await door.redis.client("LIST")).split("\n");
  return clients.filter((line) => /cmd=xread/.test(line) && line.includes(` name=${door.prefix} `));
}

function event(n: number): HeadgateEvent {
  return { type: "sweep.repaired", connection: "default", what: "task of load", id: `${n}` };
}

/** The next `count` values of a feed, gaps as they are and events by their number. */
async function take(
  { feed }: TestFeed,
  from: string,
  count: number,
): Promise<readonly (string | number)[]> {
  const found: (string | number)[] = [];
  for await (const value of feed.follow(from, { signal: new AbortController().signal })) {
    found.push(value === "gap" ? value : numberOf(value));
    if (found.length === count) break;
  }
  return found;
}

function numberOf({ event }: FeedEntry): number {
  return event.type === "sweep.repaired" ? Number(event.id) : Number.NaN;
}

const counted = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

async function write({ writer }: TestFeed, numbers: readonly number[]): Promise<void> {
  const emit = writer.emitter("default");
  for (const n of numbers) emit(event(n));
  await writer.written();
}

describe("the feed of events", () => {
  it("gives every event after an id, in the order in which they were emitted", async () => {
    const test = feedOfTest();
    expect(await test.feed.last()).toBe("0-0");
    await write(test, counted(450));
    expect(await take(test, "0-0", 450)).toEqual(counted(450));
    const last = await test.feed.last();
    const coming = take(test, last, 3);
    await write(test, [450, 451, 452]);
    expect(await coming).toEqual([450, 451, 452]);
  });

  it("goes on for a follower who comes back with the last id", async () => {
    const test = feedOfTest();
    await write(test, counted(10));
    const { signal } = new AbortController();
    let id = "0-0";
    for await (const value of test.feed.follow("0-0", { signal }))
      if (value !== "gap") {
        id = value.id;
        if (numberOf(value) === 4) break;
      }
    expect(await take(test, id, 5)).toEqual(counted(5, 5));
  });

  it("serves many followers by one blocking connection, each at its own pace", async () => {
    const test = feedOfTest();
    await write(test, counted(5));
    const followers = Array.from({ length: 50 }, () => take(test, "0-0", 2005));
    await write(test, counted(2000, 5));
    for (const seen of await Promise.all(followers)) expect(seen).toEqual(counted(2005));
    expect(await blocked(test)).toHaveLength(1);
  });

  it("tells a slow follower of what was dropped meanwhile, and goes on behind it", async () => {
    const test = feedOfTest();
    await write(test, counted(1));
    const { signal } = new AbortController();
    const slow = test.feed.follow("0-0", { signal })[Symbol.asyncIterator]();
    expect((await slow.next()).value).toMatchObject({ event: { id: "0" } });
    await write(test, counted(3000, 1));
    await test.door.redis.xtrim(test.key, "MAXLEN", 10);
    const rest: unknown[] = [];
    for (;;) {
      const { value } = await slow.next();
      rest.push(value === "gap" ? value : numberOf(value));
      if (rest.at(-1) === 3000) break;
    }
    await slow.return?.(undefined);
    // Either all was kept in this process, or the follower hears of the gap.
    const isWhole = rest.length === 3000;
    expect(isWhole || rest[0] === "gap").toBe(true);
    expect(rest.slice(-10)).toEqual(counted(10, 2991));
  });

  it("begins with a gap where entries after the id were dropped", async () => {
    const test = feedOfTest();
    await write(test, counted(1));
    const first = await test.feed.last();
    await write(test, counted(99, 1));
    await test.door.redis.xtrim(test.key, "MAXLEN", 3);
    for (const id of ["0-0", first]) expect(await take(test, id, 4)).toEqual(["gap", 97, 98, 99]);
    await test.door.redis.del(test.key);
    const emptied = take(test, first, 2);
    await write(test, [100]);
    expect(await emptied).toEqual(["gap", 100]);
  });

  it.each(["", "0", "-", "$", "1-", "1-1-1", `${"9".repeat(16)}-0`, "1-1\n", "x".repeat(5000)])(
    "refuses the id %j",
    async (id) => {
      const { feed } = feedOfTest();
      expect(() => feed.follow(id, { signal: new AbortController().signal })).toThrow(
        expect.objectContaining({ code: "ERR_REQUEST_INVALID", fields: { field: "id" } }),
      );
    },
  );

  it("passes over what headgate has not written, and says that something may be missing", async () => {
    const test = feedOfTest();
    await test.door.redis.xadd(test.key, "*", "event", "{");
    await test.door.redis.xadd(test.key, "*", "hello", "world");
    await write(test, [7]);
    expect(await take(test, "0-0", 3)).toEqual(["gap", "gap", 7]);
  });

  it("ends without an error when its signal aborts and when the feed is closed", async () => {
    const test = feedOfTest();
    const leave = new AbortController();
    const one = test.feed.follow("0-0", { signal: leave.signal })[Symbol.asyncIterator]();
    const other = test.feed.follow("0-0", { signal: new AbortController().signal });
    const [first, second] = [one.next(), other[Symbol.asyncIterator]().next()];
    leave.abort();
    expect(await first).toMatchObject({ done: true });
    await test.feed.close();
    expect(await second).toMatchObject({ done: true });
  });

  it("outlasts the loss of its connection", async () => {
    const test = feedOfTest();
    const { signal } = new AbortController();
    const follower = test.feed.follow("0-0", { signal })[Symbol.asyncIterator]();
    const first = follower.next();
    await write(test, [1]);
    expect(numberOf((await first).value as FeedEntry)).toBe(1);
    const next = follower.next();
    for (const line of await blocked(test))
      await test.door.redis.client("KILL", "ID", Number(/id=(\d+)/.exec(line)?.[1]));
    await write(test, [2]);
    expect(numberOf((await next).value as FeedEntry)).toBe(2);
  });

  it("says at once that Redis is away", async () => {
    const away = new Redis({ port: 1, lazyConnect: true, enableOfflineQueue: false });
    away.on("error", () => undefined);
    const connect = () => away;
    const feed = createRedisEventFeed({ redis: away, connect, prefix: "none" });
    const { signal } = new AbortController();
    const first = feed.follow("0-0", { signal })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: "ERR_REDIS_AWAY" });
    await expect(feed.last()).rejects.toMatchObject({ code: "ERR_REDIS_AWAY" });
    away.disconnect();
  });
});

describe("the writer of events", () => {
  it("names connection and owner of the load that an event is about", async () => {
    const test = feedOfTest();
    const { load } = await test.door.accept();
    const emit = test.writer.emitter("emea");
    emit({ type: "load.plan-delayed", loadId: load.id, code: "c", tries: 1 });
    emit({ type: "load.plan-delayed", loadId: "default.gone", code: "c", tries: 1 });
    emit({ type: "bulk-job.seen", bulkJobId: "b", object: "crm/a", remoteState: "Open" });
    emit({ type: "gate.closed", connection: "apac", until: 1 });
    test.writer.emitter()({ type: "redis.away", message: "m" });
    await test.writer.written();
    const seen: unknown[] = [];
    for await (const value of test.feed.follow("0-0", { signal: new AbortController().signal })) {
      if (value === "gap") continue;
      const { at, id, event: told, ...marks } = value;
      expect(new Date(at).getTime()).toBe(Number(id.split("-")[0]));
      seen.push([told.type, marks]);
      if (seen.length === 5) break;
    }
    expect(seen).toEqual([
      ["load.plan-delayed", { connection: "default", principal: "test" }],
      ["load.plan-delayed", { connection: "default" }],
      ["bulk-job.seen", { connection: "emea" }],
      ["gate.closed", { connection: "apac" }],
      ["redis.away", {}],
    ]);
  });

  it("names the owner of an event that comes with that of a load too many to remember", async () => {
    const { door, feed, writer } = feedOfTest();
    const emit = writer.emitter("default");
    const ids = counted(1001).map((n) => `default.${n}`);
    const tell = (loadId = ""): void =>
      emit({ type: "load.plan-delayed", loadId, code: "c", tries: 1 });
    const { base } = door.of("default").ledger;
    const loads = door.redis.pipeline();
    for (const id of ids) loads.hset(`${base}load:${id}`, "principal", `owner of ${id}`);
    await loads.exec();
    for (const id of ids.slice(0, 1000)) tell(id);
    await writer.written();
    const last = await feed.last();
    // The first goes on its way alone, the other two together.
    emit({ type: "redis.away", message: "m" });
    tell(ids[0]);
    tell(ids[1000]);
    await writer.written();
    const owners: unknown[] = [];
    for await (const value of feed.follow(last, { signal: new AbortController().signal })) {
      owners.push(value === "gap" ? value : value.principal);
      if (owners.length === 3) break;
    }
    expect(owners).toEqual([undefined, "owner of default.0", "owner of default.1000"]);
  });

  it("keeps the order over many batches, and drops the oldest where too many wait", async () => {
    const writesTo = redisOfTest();
    const test = feedOfTest({ held: 300, writesTo });
    await write(test, counted(1000));
    // The first is on its way already when the others come.
    expect(await take(test, "0-0", 302)).toEqual([0, "gap", ...counted(300, 700)]);
  });

  it("writes what came up while Redis was away", async () => {
    const writesTo = redisOfTest();
    const test = feedOfTest({ writesTo });
    await writesTo.ping();
    writesTo.disconnect(true);
    await write(test, counted(20));
    expect(await take(test, "0-0", 20)).toEqual(counted(20));
  });

  it("closes while Redis is away", async () => {
    const writesTo = new Redis({ port: 1, maxRetriesPerRequest: null });
    writesTo.on("error", () => undefined);
    const { writer } = feedOfTest({ writesTo });
    writer.emitter("default")(event(1));
    await writer.close();
    writesTo.disconnect();
  });

  it("takes nothing after it was closed", async () => {
    const test = feedOfTest();
    await write(test, [1]);
    await test.writer.close();
    await write(test, [2]);
    expect(await test.door.redis.xlen(test.key)).toBe(1);
  });
});
