/** Schedules and runs changed in Redis past headgate. */
import { describe, expect, it } from "vitest";
import { sealsOfTest } from "../seals/seals.test-support.ts";
import { readOpenRuns } from "./run-record.ts";
import {
  caller,
  schedulesOfTest,
  specOf,
  stepOf,
  type TestSchedules,
} from "./schedules.test-support.ts";
import { syncSchedules } from "./sync-schedules.ts";

async function nightly(): Promise<TestSchedules> {
  const test = schedulesOfTest(["default"], sealsOfTest);
  test.setNow("2026-03-10T01:00:00Z");
  await test.make();
  test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
  test.files.set("s3://vault/2026-03-10/orders/a.csv", "id\n1\n");
  return test;
}

const keyOf = ({ context: { ledger } }: TestSchedules, key: string) => `${ledger.base}${key}`;

const refused = (what: string, id: string) => ({
  type: "record.refused",
  connection: "default",
  what,
  id,
  code: "record_tampered",
});

const forgedSpec = JSON.stringify(
  specOf({
    targets: [
      {
        sourceName: "crm",
        object: "orders",
        source: { prefix: "s3://vault/{yyyy-MM-dd}/orders/" },
      },
    ],
  }),
);

describe("with a signing key", () => {
  it("a schedule runs, and its loads are sealed like all others", async () => {
    const test = await nightly();
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect(await test.runs()).toMatchObject([{ state: "complete" }]);
    expect(test.events.filter(({ type }) => type === "record.refused")).toEqual([]);
  });

  it.each([
    ["spec", forgedSpec],
    ["principal", "headgate.yaml"],
    ["origin", "file"],
    ["seal", ""],
  ])(
    "a schedule whose %s was changed starts nothing, neither at its time nor by hand",
    async (field, value) => {
      const test = await nightly();
      await test.door.redis.hset(keyOf(test, "schedule:nightly"), field, value);
      test.setNow("2026-03-10T02:00:00Z");
      await test.work();
      expect(await test.runs()).toEqual([]);
      expect(test.events).toContainEqual(refused("schedule", "nightly"));
      await expect(test.schedules.runNow("nightly", { caller })).rejects.toMatchObject({
        code: "ERR_RECORD_TAMPERED",
      });
    },
  );

  it("a schedule of headgate.yaml that was changed is put right at the next start", async () => {
    const test = await nightly();
    await syncSchedules(test.context, { filed: specOf() });
    await test.door.redis.hset(keyOf(test, "schedule:filed"), "principal", "nightly");
    await syncSchedules(test.context, { filed: specOf() });
    test.setNow("2026-03-10T02:00:00Z");
    await test.work();
    expect(await test.runs("filed")).toMatchObject([{ state: "complete" }]);
  });

  it.each([
    ["spec", forgedSpec],
    ["schedule", "other"],
    ["seal", "A".repeat(43)],
  ])("a run whose %s was changed fails by name, and loads nothing", async (field, value) => {
    const test = await nightly();
    await test.schedules.runNow("nightly", { caller });
    const [run] = await readOpenRuns(test.context.ledger);
    const id = run?.id ?? "";
    await test.door.redis.hset(keyOf(test, `run:${id}`), field, value);
    expect(await stepOf(test, id)).toMatchObject({ kind: "fail", code: "record_tampered" });
    expect(test.events).toContainEqual(refused("run", id));
    expect(await test.loads()).toEqual([]);
    expect(await readOpenRuns(test.context.ledger)).toEqual([]);
  });

  it("a run that was given another owner or date fails by name", async () => {
    for (const change of [{ principal: "headgate.yaml" }, { date: "2026-03-09" }]) {
      const test = await nightly();
      await test.schedules.runNow("nightly", { caller });
      const [run] = await readOpenRuns(test.context.ledger);
      const key = keyOf(test, `run:${run?.id}`);
      const record = JSON.parse((await test.door.redis.hget(key, "record")) ?? "");
      await test.door.redis.hset(key, "record", JSON.stringify({ ...record, ...change }));
      expect(await stepOf(test, run?.id ?? "")).toMatchObject({ code: "record_tampered" });
    }
  });

  it("a run whose list of files was changed loads none of them", async () => {
    const test = await nightly();
    const { redis } = test.door;
    await test.schedules.runNow("nightly", { caller });
    const [run] = await readOpenRuns(test.context.ledger);
    const id = run?.id ?? "";
    const list = keyOf(test, `run:${id}:files:orders`);
    const { source } = test.context.ports;
    // The list is changed between the steps that write and read it.
    const context = {
      ...test.context,
      ledger: {
        ...test.context.ledger,
        redis: new Proxy(redis, {
          get(target, name) {
            const value = Reflect.get(target, name, target);
            if (typeof value !== "function") return value;
            if (name !== "lrange") return value.bind(target);
            return async (...args: [string, number, number]) => {
              if (args[0] === list) await redis.lset(list, 0, "s3://vault/2026-03-10/orders/a.csv");
              return await target.lrange(...args);
            };
          },
        }),
      },
      ports: { ...test.context.ports, source },
    };
    await test.work({ context });
    expect((await test.runs())[0]).toMatchObject({ state: "failed" });
    expect(test.events).toContainEqual(refused("run", id));
    expect(await test.loads()).toEqual([]);
  });
});
