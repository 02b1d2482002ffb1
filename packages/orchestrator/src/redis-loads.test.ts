import { describe, expect, it } from "vitest";
import { cancelLoad } from "./ledger/cancel.ts";
import { endBulkJob } from "./ledger/end-bulk-job.ts";
import { bulkJobOf, claimAs, complete, planLoadAs } from "./ledger/ledger.test-support.ts";
import { publishConnectors } from "./ledger/published.ts";
import { parseLoadRequest } from "./load-request.ts";
import { doorOfTest } from "./redis-loads.test-support.ts";
import { createRedisLoads } from "./redis-loads.ts";
import type { TaskSignals } from "./steps/context.ts";
import { systemChance } from "./system-ports.ts";

const request = parseLoadRequest({
  sourceName: "crm",
  object: "orders",
  operation: "upsert",
  source: { uri: "s3://bucket/key.csv" },
});

describe("accepting", () => {
  it("says that Redis is away where Redis loses the load as it is recorded", async () => {
    const { redis, prefix, of } = doorOfTest();
    const { ledger, signals } = of("default");
    const losing: TaskSignals = {
      ...signals,
      async loadAccepted({ id }) {
        await redis.del(`${ledger.base}load:${id}`);
      },
    };
    const loads = createRedisLoads({
      ...{ redis, prefix, chance: systemChance, emit: () => undefined },
      connections: new Map([["default", { ledger, signals: losing }]]),
    });
    const caller = { principal: "test", via: "http" } as const;
    await expect(loads.accept(request, { caller })).rejects.toMatchObject({
      code: "ERR_REDIS_AWAY",
      fields: { loadId: expect.stringMatching(/^default\./) },
    });
  });

  it("answers the load as it was recorded, and queues its task under the load's id", async () => {
    const door = doorOfTest();
    const { load, replayed } = await door.accept();

    expect(replayed).toBe(false);
    expect(load).toMatchObject({
      connection: "default",
      sourceName: "crm",
      object: "orders",
      operation: "upsert",
      state: "accepted",
      source: { uri: "s3://bucket/key.csv" },
      principal: "test",
      via: "http",
      acceptedAt: "1970-01-01T00:16:40.000Z",
      sourceObjects: 0,
      parts: { planned: 0, uploaded: 0, settled: 0 },
      bulkJobs: [],
    });
    expect(load.id).toMatch(/^default\.[0-9a-f]{20}$/);
    const task = await door.queues.loads.getJob(load.id);
    expect(task).toMatchObject({
      name: "upsert crm/orders",
      data: { connection: "default", loadId: load.id },
    });
    expect(await door.redis.scard(`${door.of("default").ledger.base}outbox`)).toBe(0);
    expect(door.events).toEqual([
      { type: "load.accepted", loadId: load.id, target: "upsert crm/orders", via: "http" },
    ]);
  });

  it("makes one load and one task of a request sent 20 times at once with one key", async () => {
    const door = doorOfTest();
    const answers = await Promise.all(Array.from({ length: 20 }, () => door.accept({}, "k")));

    expect(new Set(answers.map(({ load }) => load.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await door.queues.loads.getJobCounts("waiting")).toEqual({ waiting: 1 });
  });

  it("takes a body whose properties come in another order for the same one", async () => {
    const door = doorOfTest();
    const { load } = await door.accept(
      { source: { prefix: "s3://bucket/x/", suffix: ".csv" } },
      "k",
    );
    const shuffled = parseLoadRequest({
      source: { suffix: ".csv", prefix: "s3://bucket/x/" },
      operation: "upsert",
      object: "orders",
      connection: "default",
      sourceName: "crm",
    });
    const again = await door.loads.accept(shuffled, {
      caller: { principal: "test", via: "http" },
      idempotencyKey: "k",
    });
    expect(again).toMatchObject({ replayed: true, load: { id: load.id } });
  });

  it("refuses a used key with another body, and names the load it made", async () => {
    const door = doorOfTest();
    const { load } = await door.accept({}, "k");
    await expect(door.accept({ object: "customers" }, "k")).rejects.toMatchObject({
      code: "ERR_IDEMPOTENCY_CONFLICT",
      fields: { loadId: load.id },
    });
  });

  it("keeps the keys of two clients, and of two ways in, apart", async () => {
    const door = doorOfTest();
    const callers = [
      { principal: "a", via: "http" },
      { principal: "b", via: "http" },
      { principal: "a", via: "stream" },
    ] as const;
    const made = await Promise.all(
      callers.map((caller) => door.loads.accept(request, { caller, idempotencyKey: "k" })),
    );
    expect(made.map(({ replayed }) => replayed)).toEqual([false, false, false]);
  });

  it("refuses a connection it does not have, and an object that no worker knows", async () => {
    const door = doorOfTest();
    const { ledger } = door.of("default");
    const fields = [{ name: "id", type: "text" as const }];
    const objects = new Map([["orders", { name: "orders", fields, primaryKey: "id" }]]);
    await publishConnectors(ledger, new Map([["crm", objects]]));
    await expect(door.accept({ connection: "emea" })).rejects.toMatchObject({
      code: "ERR_UNKNOWN_CONNECTION",
      fields: { connection: "emea" },
    });
    await expect(door.accept({ object: "nothing" })).rejects.toMatchObject({
      code: "ERR_UNKNOWN_OBJECT",
      fields: { object: "nothing" },
    });
    await expect(door.accept({ sourceName: "erp" })).rejects.toMatchObject({
      code: "ERR_UNKNOWN_SOURCE_NAME",
    });
    expect((await door.loads.list({})).loads).toEqual([]);
  });

  it("takes any object of a connector without a schema, and all while no worker has started", async () => {
    const door = doorOfTest();
    const { ledger } = door.of("default");
    expect((await door.accept({ object: "early" })).load.state).toBe("accepted");
    await publishConnectors(ledger, new Map([["crm", "unchecked"]]));
    expect((await door.accept({ object: "anything" })).load.state).toBe("accepted");
  });
});

describe("looking at a load", () => {
  it("shows its bulk jobs, the first claimed first", async () => {
    const door = doorOfTest();
    const { ledger } = door.of("default");
    const { load } = await door.accept();
    await planLoadAs(ledger, load.id, 2);
    await claimAs(ledger, "z1", { maxFiles: 1 });
    await endBulkJob(ledger, await bulkJobOf(ledger, "z1"), complete);
    door.setNow(1_000_001);
    await claimAs(ledger, "a2", { maxFiles: 1 });

    expect(await door.loads.get(load.id)).toMatchObject({
      state: "loading",
      parts: { planned: 2, settled: 1 },
      bulkJobs: [
        { id: "z1", phase: "ended", end: "complete", files: 1, uploadedFiles: 0 },
        { id: "a2", phase: "claimed", files: 1, uploadedFiles: 0 },
      ],
    });
  });

  it.each(["default.none", "emea.x", "nonsense", ""])("finds nothing under %j", async (id) => {
    expect(await doorOfTest().loads.get(id)).toBeUndefined();
  });

  it("takes no name of another key for an id", async () => {
    const door = doorOfTest();
    const { load } = await door.accept();
    await planLoadAs(door.of("default").ledger, load.id, 1);
    for (const id of [`${load.id}:parts`, `${load.id}:sources`, "default.x:y"]) {
      expect(await door.loads.get(id)).toBeUndefined();
      expect(await door.loads.findings(id)).toBeUndefined();
      const caller = { principal: "test", via: "http" } as const;
      for (const call of [door.loads.cancel(id), door.loads.retry(id, { caller })])
        await expect(call).rejects.toMatchObject({ code: "ERR_LOAD_NOT_FOUND" });
    }
  });
});

describe("cancelling", () => {
  it("ends the load and wakes those behind it", async () => {
    const door = doorOfTest();
    const { load } = await door.accept();
    expect(await door.loads.cancel(load.id)).toMatchObject({
      id: load.id,
      state: "cancelled",
      endedAt: "1970-01-01T00:16:40.000Z",
    });
    const upkeep = await door.queues.upkeep.getJobs(["waiting", "delayed"]);
    expect(upkeep.map((task) => task.name)).toEqual(["claim default"]);
  });

  it.each(["default.none", "emea.x"])("of %s names the load that is not there", async (id) => {
    await expect(doorOfTest().loads.cancel(id)).rejects.toMatchObject({
      code: "ERR_LOAD_NOT_FOUND",
      fields: { loadId: id },
    });
  });

  it("past the point of no return names load and reason", async () => {
    const door = doorOfTest();
    const { ledger } = door.of("default");
    const { load } = await door.accept();
    await planLoadAs(ledger, load.id, 1);
    await claimAs(ledger, "job1");
    await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);
    expect(await cancelLoad(ledger, load.id)).toEqual({ kind: "refused", why: "complete" });

    const error = await door.loads.cancel(load.id).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "ERR_LOAD_STATE",
      fields: { loadId: load.id, why: "complete" },
      message: `load ${load.id} cannot be cancelled: it is complete`,
    });
  });
});

describe("a batch", () => {
  it("is part of what an idempotency key stands for", async () => {
    const door = doorOfTest();
    const send = (batch: string) =>
      door.loads.accept(request, {
        caller: { principal: "test", via: "http" },
        idempotencyKey: "line 1",
        batch,
      });
    const first = await send("one batch");
    expect(await send("one batch")).toMatchObject({
      replayed: true,
      load: { id: first.load.id },
    });
    await expect(send("another batch")).rejects.toMatchObject({
      code: "ERR_IDEMPOTENCY_CONFLICT",
    });
  });

  it("is not answered while another request with its key is", async () => {
    const { loads } = doorOfTest();
    const batch = { caller: { principal: "test", via: "http" }, idempotencyKey: "b" } as const;
    const held = Promise.withResolvers<string>();
    const started = Promise.withResolvers<void>();
    const first = loads.oneAtATime(() => {
      started.resolve();
      return held.promise;
    }, batch);
    await started.promise;
    const second = () => loads.oneAtATime(async () => "second", batch);
    await expect(second()).rejects.toMatchObject({ code: "ERR_IDEMPOTENCY_IN_FLIGHT" });
    const other = { ...batch, caller: { principal: "other", via: "http" } } as const;
    expect(await loads.oneAtATime(async () => "other", other)).toBe("other");
    held.resolve("first");
    expect(await first).toBe("first");
    expect(await second()).toBe("second");
  });

  it("frees its key where answering fails", async () => {
    const { loads } = doorOfTest();
    const batch = { caller: { principal: "test", via: "http" }, idempotencyKey: "b" } as const;
    const failing = loads.oneAtATime(() => Promise.reject(new Error("broken off")), batch);
    await expect(failing).rejects.toThrow("broken off");
    expect(await loads.oneAtATime(async () => "again", batch)).toBe("again");
  });
});
