import { expect, it } from "vitest";
import { parseLoadRequest } from "../load-request.ts";
import { type AcceptAnswer, recordLoad } from "./accept.ts";
import { addLoad, ledgerOfTest, loadOf } from "./ledger.test-support.ts";
import { type Ledger, retentionSeconds } from "./ledger.ts";

const request = parseLoadRequest({
  sourceName: "crm",
  object: "orders",
  operation: "upsert",
  source: { uri: "s3://bucket/key.csv" },
});

async function accept(
  ledger: Ledger,
  load: { readonly id: string; readonly key?: string; readonly body?: string },
): Promise<AcceptAnswer> {
  return await recordLoad(ledger, {
    id: load.id,
    request,
    principal: "test",
    via: "http",
    idempotency: load.key,
    bodyHash: load.body ?? "body",
  });
}

it("makes one load of the same key and body at any concurrency", async () => {
  const { ledger } = ledgerOfTest();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => accept(ledger, { id: `default.${i}`, key: "k" })),
  );

  const [made, ...more] = answers.filter((answer) => answer.kind === "created");
  expect(more).toEqual([]);
  expect(new Set(answers.map((answer) => answer.loadId))).toEqual(new Set([made?.loadId]));
  expect(answers.filter((answer) => answer.kind === "replayed")).toHaveLength(49);
  const { redis, base } = ledger;
  expect(await redis.zrange(`${base}loads`, "0", "-1")).toEqual([made?.loadId]);
  expect(await redis.zrange(`${base}line:crm/orders`, "0", "-1")).toEqual([made?.loadId]);
  expect(await redis.smembers(`${base}outbox`)).toEqual([made?.loadId]);
  expect(await redis.get(`${base}seq`)).toBe("1");
});

it("answers another body under the same key with a conflict that names the first load", async () => {
  const { ledger } = ledgerOfTest();
  await accept(ledger, { id: "default.a", key: "k" });

  expect(await accept(ledger, { id: "default.b", key: "k", body: "other" })).toEqual({
    kind: "conflict",
    loadId: "default.a",
  });
  expect(await ledger.redis.exists(`${ledger.base}load:default.b`)).toBe(0);
  expect(await ledger.redis.zcard(`${ledger.base}line:crm/orders`)).toBe(1);
});

it("makes a load of every request without a key", async () => {
  const { ledger } = ledgerOfTest();
  const answers = await Promise.all(
    ["a", "b", "c"].map((id) => accept(ledger, { id: `default.${id}` })),
  );
  expect(answers.map((answer) => answer.kind)).toEqual(["created", "created", "created"]);
});

it("keeps an idempotency key for 30 days", async () => {
  const { ledger } = ledgerOfTest();
  await accept(ledger, { id: "default.a", key: "k" });
  const left = await ledger.redis.ttl(`${ledger.base}idempotency:k`);
  expect(retentionSeconds).toBe(30 * 24 * 3600);
  expect(left).toBeGreaterThan(retentionSeconds - 60);
  expect(left).toBeLessThanOrEqual(retentionSeconds);
});

it("gives each load its place in line before it is planned", async () => {
  const { ledger } = ledgerOfTest();
  const first = await addLoad(ledger, { id: "z" });
  const second = await addLoad(ledger, { id: "a", parts: 1 });

  expect(await loadOf(ledger, first)).toMatchObject({ state: "accepted", sequence: 1 });
  expect(await loadOf(ledger, second)).toMatchObject({ state: "waiting", sequence: 2 });
  expect(await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1")).toEqual([
    first,
    second,
  ]);
});
