import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import type { HeadgateEvent } from "../events.ts";
import { parseLoadRequest } from "../load-request.ts";
import type { Loads } from "../loads.ts";
import { doorOfTest, type TestDoor } from "../redis-loads.test-support.ts";
import { cancelAs } from "./cancel-as.ts";
import { type StreamIntake, startStreamIntake } from "./stream-intake.ts";

const request = {
  sourceName: "crm",
  object: "orders",
  operation: "upsert",
  source: { uri: "s3://bucket/key.csv" },
};

interface Intake {
  readonly door: TestDoor;
  readonly events: readonly HeadgateEvent[];
  /** Starts one more reader; the test ends it where it has not done so itself. */
  read(loads?: Loads): StreamIntake;
  send(fields: Readonly<Record<string, string>>): Promise<string>;
  /** Waits for the next `count` answers on `<prefix>:accepted` or `<prefix>:refused`. */
  answers(stream: "accepted" | "refused", count: number): Promise<Record<string, string>[]>;
}

function intakeOfTest(): Intake {
  const door = doorOfTest();
  const { prefix, redis } = door;
  const listener = new Redis(inject("redisUrl"));
  onTestFinished(() => listener.disconnect());
  const events: HeadgateEvent[] = [];
  const last = { accepted: "0", refused: "0" };
  return {
    door,
    events,
    read(loads = door.loads) {
      const name = `reader-${randomBytes(4).toString("hex")}`;
      const intake = startStreamIntake({
        redis: new Redis(inject("redisUrl"), {
          maxRetriesPerRequest: null,
          connectionName: `${prefix}-${name}`,
        }),
        prefix,
        loads,
        consumer: name,
        caller: () => ({ principal: "redis", via: "stream" }),
        emit: (event) => void events.push(event),
      });
      onTestFinished(() => intake.close());
      return intake;
    },
    async send(fields) {
      const id = await redis.xadd(`${prefix}:requests`, "*", ...Object.entries(fields).flat());
      return String(id);
    },
    async answers(stream, count) {
      const found: Record<string, string>[] = [];
      while (found.length < count) {
        const read = await listener.xread(
          "COUNT",
          count - found.length,
          "BLOCK",
          20_000,
          "STREAMS",
          `${prefix}:${stream}`,
          last[stream],
        );
        if (read === null) throw new Error(`${found.length} of ${count} answers came`);
        for (const [id, flat] of read[0]?.[1] ?? []) {
          last[stream] = id;
          found.push(Object.fromEntries(pairs(flat ?? [])));
        }
      }
      return found;
    },
  };
}

function pairs(flat: readonly string[]): readonly (readonly [string, string])[] {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ""] as const] : []));
}

async function left({ redis, prefix }: TestDoor): Promise<unknown> {
  const requests = `${prefix}:requests`;
  const [pending] = await redis.xpending(requests, "headgate");
  return { length: await redis.xlen(requests), pending };
}

it("makes a load of a plain JSON request, tells its id and removes the entry", async () => {
  const { door, read, send, answers } = intakeOfTest();
  read();
  const entry = await send({ request: JSON.stringify(request) });
  const [answer] = await answers("accepted", 1);

  expect(answer).toEqual({
    entry,
    load: expect.any(String),
    state: "accepted",
    replayed: "false",
  });
  expect(await door.loads.get(answer?.load ?? "")).toMatchObject({
    state: "accepted",
    via: "stream",
    principal: "redis",
    object: "orders",
  });
  await vi.waitFor(async () => expect(await left(door)).toEqual({ length: 0, pending: 0 }));
});

it("takes in what was sent before it started", async () => {
  const { read, send, answers } = intakeOfTest();
  const entry = await send({ request: JSON.stringify(request) });
  read();
  expect(await answers("accepted", 1)).toMatchObject([{ entry }]);
});

describe("a load is cancelled", () => {
  async function loadOf({ read, send, answers }: Intake): Promise<string> {
    read();
    await send({ request: JSON.stringify(request) });
    const [answer] = await answers("accepted", 1);
    return answer?.load ?? "";
  }

  it("by an entry that names it, and stays so when the entry is read twice", async () => {
    const intake = intakeOfTest();
    const load = await loadOf(intake);
    for (let i = 0; i < 2; i += 1) {
      const entry = await intake.send({ cancel: load });
      expect(await intake.answers("accepted", 1)).toEqual([
        { entry, load, state: "cancelled", replayed: "false" },
      ]);
    }
  });

  it.each([
    ["of no load", { cancel: "default.0000" }, "load_not_found"],
    ["of a hostile id", { cancel: "x".repeat(5000) }, "load_not_found"],
    ["with more than an id", { cancel: "default.0000", key: "k" }, "request_invalid"],
  ])("not by an entry %s", async (_, fields, code) => {
    const { read, send, answers } = intakeOfTest();
    read();
    const entry = await send(fields);
    expect(await answers("refused", 1)).toMatchObject([{ entry, code }]);
  });

  it.each([
    ["another client without operate", "other", ["enqueue", "read"], "load_not_found"],
    ["its owner without enqueue", "redis", ["read"], "load_not_found"],
    ["another client with operate", "other", ["operate"], undefined],
    ["its owner", "redis", ["enqueue"], undefined],
  ] as const)("or not, by %s", async (_, name, scopes, code) => {
    const intake = intakeOfTest();
    const load = await loadOf(intake);
    const access = { ...nobody, name, scopes };
    const cancelled = cancelAs(intake.door.loads, load, { principal: name, via: "stream", access });
    if (code === undefined) expect(await cancelled).toMatchObject({ state: "cancelled" });
    else await expect(cancelled).rejects.toMatchObject({ code: "ERR_LOAD_NOT_FOUND" });
  });
});

const nobody = {
  connections: undefined,
  sources: undefined,
  limits: { requestsPerMinute: 1, pendingLoads: 1 },
};

describe("a request that cannot be taken", () => {
  it.each([
    ["is not JSON", { request: "{" }, "request_invalid", "request is not JSON"],
    ["lacks a field", { request: '{"sourceName":"crm"}' }, "request_invalid", "object"],
    [
      "has a field too many",
      { request: JSON.stringify({ ...request, extra: 1 }) },
      "request_invalid",
      "extra",
    ],
    [
      "is too large",
      { request: JSON.stringify({ ...request, source: { uri: "x".repeat(70_000) } }) },
      "request_invalid",
      "allowed are 65536",
    ],
    [
      "names a connection that is not configured",
      { request: JSON.stringify({ ...request, connection: "emea" }) },
      "unknown_connection",
      "emea",
    ],
    ["has no request field", { key: "k" }, "request_invalid", "no field request"],
    [
      "names two kinds of source",
      { request: JSON.stringify({ ...request, source: { uri: "s3://a/b", glob: "s3://a/*" } }) },
      "request_invalid",
      'source: must be one of {"uri"}',
    ],
    [
      "has a key with a blank",
      { request: JSON.stringify(request), key: "a b" },
      "request_invalid",
      "key must be 1 to 255 visible ASCII characters",
    ],
    [
      "has another field beside request and key",
      { request: JSON.stringify(request), note: "x" },
      "request_invalid",
      "a field other than request and key",
    ],
  ])("because it %s is refused by code and name, and removed", async (_, fields, code, word) => {
    const { door, read, send, answers, events } = intakeOfTest();
    read();
    const entry = await send(fields);
    const [answer] = await answers("refused", 1);

    expect(answer).toEqual({ entry, code, message: expect.stringContaining(word) });
    expect(events).toMatchObject([{ type: "intake.refused", entry }]);
    await vi.waitFor(async () => expect(await left(door)).toEqual({ length: 0, pending: 0 }));
    expect((await door.loads.list({})).loads).toEqual([]);
  });

  it("because its key was used for another request names the load of that key", async () => {
    const { read, send, answers } = intakeOfTest();
    read();
    await send({ request: JSON.stringify(request), key: "k" });
    const [made] = await answers("accepted", 1);
    await send({ request: JSON.stringify({ ...request, object: "customers" }), key: "k" });
    expect(await answers("refused", 1)).toMatchObject([
      { code: "idempotency_conflict", message: expect.stringContaining(made?.load ?? "?") },
    ]);
  });
});

it("makes one load of requests with the same key", async () => {
  const { read, send, answers } = intakeOfTest();
  read();
  for (let i = 0; i < 3; i++) await send({ request: JSON.stringify(request), key: "k" });
  const made = await answers("accepted", 3);
  expect(new Set(made.map(({ load }) => load)).size).toBe(1);
  expect(made.map(({ replayed }) => replayed)).toEqual(["false", "true", "true"]);
});

it("makes one load of each entry where several readers share the stream", async () => {
  const { door, read, send, answers } = intakeOfTest();
  read();
  read();
  read();
  const entries = await Promise.all(
    Array.from({ length: 60 }, () => send({ request: JSON.stringify(request) })),
  );
  const made = await answers("accepted", 60);
  expect(new Set(made.map(({ entry }) => entry))).toEqual(new Set(entries));
  expect(made.map(({ replayed }) => replayed)).toEqual(Array(60).fill("false"));
  expect((await door.loads.list({ limit: 100 })).loads).toHaveLength(60);
});

describe("an entry that a dead reader has left behind", () => {
  async function abandon({ door: { redis, prefix }, send }: Intake): Promise<string> {
    const requests = `${prefix}:requests`;
    await redis.xgroup("CREATE", requests, "headgate", "0", "MKSTREAM");
    const entry = await send({ request: JSON.stringify(request) });
    await redis.xreadgroup("GROUP", "headgate", "dead", "STREAMS", requests, ">");
    return entry;
  }

  it("is taken over once, after a minute", async () => {
    const intake = intakeOfTest();
    const { redis, prefix } = intake.door;
    const entry = await abandon(intake);
    await redis.call("XCLAIM", `${prefix}:requests`, "headgate", "dead", 0, entry, "IDLE", 60_000);
    intake.read();
    intake.read();
    expect(await intake.answers("accepted", 1)).toMatchObject([{ entry, replayed: "false" }]);
    const next = await intake.send({ request: JSON.stringify(request) });
    expect(await intake.answers("accepted", 1)).toMatchObject([{ entry: next }]);
    expect(await redis.xlen(`${prefix}:accepted`)).toBe(2);
  });

  it("is left to a reader that may still be at work", async () => {
    const intake = intakeOfTest();
    await abandon(intake);
    intake.read();
    const next = await intake.send({ request: JSON.stringify(request) });
    expect(await intake.answers("accepted", 1)).toMatchObject([{ entry: next }]);
    await vi.waitFor(async () =>
      expect(await left(intake.door)).toEqual({ length: 1, pending: 1 }),
    );
  });

  it("makes no second load where its reader died after accepting it", async () => {
    const intake = intakeOfTest();
    const { redis, prefix, loads } = intake.door;
    const entry = await abandon(intake);
    await redis.call("XCLAIM", `${prefix}:requests`, "headgate", "dead", 0, entry, "IDLE", 60_000);
    const { load } = await loads.accept(parseLoadRequest(request), {
      caller: { principal: "redis", via: "stream" },
      idempotencyKey: `entry ${entry}`,
    });
    intake.read();
    expect(await intake.answers("accepted", 1)).toEqual([
      { entry, load: load.id, state: "accepted", replayed: "true" },
    ]);
  });
});

it("goes on with the entries behind one that meets an unexpected error", async () => {
  const { door, read, send, answers, events } = intakeOfTest();
  const bad = await send({ request: JSON.stringify({ ...request, object: "poison" }) });
  const good = await send({ request: JSON.stringify(request) });
  read({
    ...door.loads,
    accept: async (wanted, options) => {
      if (wanted.object === "poison") throw new TypeError("a defect");
      return await door.loads.accept(wanted, options);
    },
  });
  expect(await answers("accepted", 1)).toMatchObject([{ entry: good }]);
  expect(events).toMatchObject([{ type: "queue.error", message: expect.stringContaining(bad) }]);
  await vi.waitFor(async () => expect(await left(door)).toEqual({ length: 1, pending: 1 }));
});

it("begins anew where the stream is deleted under it", async () => {
  const { door, read, send, answers } = intakeOfTest();
  read();
  await send({ request: JSON.stringify(request) });
  await answers("accepted", 1);
  await door.redis.del(`${door.prefix}:requests`);
  const entry = await send({ request: JSON.stringify(request) });
  expect(await answers("accepted", 1)).toMatchObject([{ entry }]);
});

it("ends at once while it waits for a request", { timeout: 4000 }, async () => {
  const { door, read } = intakeOfTest();
  const intake = read();
  const clients = async () => String(await door.redis.client("LIST"));
  await vi.waitFor(async () =>
    expect(await clients()).toMatch(new RegExp(`name=${door.prefix}-reader.* cmd=xreadgroup`)),
  );
  await intake.close();
  await vi.waitFor(async () => expect(await clients()).not.toContain(`${door.prefix}-reader`));
});
