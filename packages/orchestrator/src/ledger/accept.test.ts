import { expect, it } from "vitest";
import { parseLoadRequest } from "../load-request.ts";
import { type AcceptAnswer, recordLoad } from "./accept.ts";
import { cancelLoad } from "./cancel.ts";
import { revokeLoad } from "./idempotency.ts";
import { addLoad, ledgerOfTest, loadOf } from "./ledger.test-support.ts";
import { type Ledger, retentionOf } from "./ledger.ts";

const request = parseLoadRequest({
  sourceName: "crm",
  object: "orders",
  operation: "upsert",
  source: { uri: "s3://bucket/key.csv" },
});

async function accept(
  ledger: Ledger,
  load: { readonly id: string; readonly key?: string; readonly mostPending?: number },
): Promise<AcceptAnswer> {
  return await recordLoad(ledger, {
    id: load.id,
    request,
    principal: "test",
    via: "http",
    idempotency: load.key,
    mostPending: load.mostPending ?? Number.POSITIVE_INFINITY,
  });
}

it("makes one load of an id at any concurrency", async () => {
  const { ledger } = ledgerOfTest();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => accept(ledger, { id: "default.a", key: "k" })),
  );

  expect(answers.filter((answer) => answer === "created")).toHaveLength(1);
  expect(answers.filter((answer) => answer === "made")).toHaveLength(49);
  const { redis, base } = ledger;
  expect(await redis.zrange(`${base}loads`, "0", "-1")).toEqual(["default.a"]);
  expect(await redis.zrange(`${base}line:crm/orders`, "0", "-1")).toEqual(["default.a"]);
  expect(await redis.smembers(`${base}outbox`)).toEqual(["default.a"]);
  expect(await redis.get(`${base}seq`)).toBe("1");
});

it("never makes a load that was revoked first, and revokes none that was made", async () => {
  const { ledger } = ledgerOfTest();
  expect(await revokeLoad(ledger, "k", "default.a")).toBe("revoked");
  expect(await accept(ledger, { id: "default.a", key: "k" })).toBe("revoked");
  expect(await accept(ledger, { id: "default.b", key: "k" })).toBe("created");
  expect(await revokeLoad(ledger, "k", "default.b")).toBe("made");
  expect(await ledger.redis.zrange(`${ledger.base}loads`, "0", "-1")).toEqual(["default.b"]);
});

it("makes a load of every request without a key", async () => {
  const { ledger } = ledgerOfTest();
  const answers = await Promise.all(
    ["a", "b", "c"].map((id) => accept(ledger, { id: `default.${id}` })),
  );
  expect(answers).toEqual(["created", "created", "created"]);
});

it("makes exactly as many loads as may be pending, at any concurrency", async () => {
  const { ledger } = ledgerOfTest();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      accept(ledger, { id: `default.${i}`, key: `k${i}`, mostPending: 7 }),
    ),
  );
  expect(answers.filter((answer) => answer === "created")).toHaveLength(7);
  expect(answers.filter((answer) => answer === "full")).toHaveLength(13);
  expect(await ledger.redis.zcard(`${ledger.base}line:crm/orders`)).toBe(7);
});

it("answers that a load is made, however many are pending", async () => {
  const { ledger } = ledgerOfTest();
  await accept(ledger, { id: "default.a", key: "k", mostPending: 1 });
  expect(await accept(ledger, { id: "default.a", key: "k", mostPending: 1 })).toBe("made");
});

it("keeps what became of an idempotency key for 30 days", async () => {
  const { ledger } = ledgerOfTest();
  await accept(ledger, { id: "default.a", key: "made" });
  await revokeLoad(ledger, "revoked", "default.b");
  expect(retentionOf({})).toBe(30 * 24 * 3600);
  for (const key of ["made", "revoked"]) {
    const left = await ledger.redis.ttl(`${ledger.base}idempotency:${key}`);
    expect(left).toBeGreaterThan(retentionOf({}) - 60);
    expect(left).toBeLessThanOrEqual(retentionOf({}));
  }
});

it("keeps what has ended for as many days as the ledger is set to", async () => {
  const { ledger } = ledgerOfTest();
  const short = { ...ledger, retentionDays: 2 };
  await accept(short, { id: "default.a", key: "made" });
  await revokeLoad(short, "revoked", "default.b");
  await cancelLoad(short, "default.a");
  for (const key of ["idempotency:made", "idempotency:revoked", "load:default.a"]) {
    const left = await ledger.redis.ttl(`${ledger.base}${key}`);
    expect(left, key).toBeGreaterThan(2 * 24 * 3600 - 60);
    expect(left, key).toBeLessThanOrEqual(2 * 24 * 3600);
  }
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
