import { bytes, type Findings, noFindings } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { cancelLoad } from "./cancel.ts";
import { addLoad, ledgerOfTest, loadOf, planLoadAs } from "./ledger.test-support.ts";
import type { Ledger } from "./ledger.ts";
import { readFindings, readPartRange, readSource } from "./load-record.ts";
import { commitManifest, countPlanTry, failPlanning, stageManifest } from "./manifest.ts";

async function stage(ledger: Ledger, loadId: string, attempt: string, parts: number) {
  const staged = stageManifest(ledger, loadId, attempt);
  await staged.addSource({ uri: `s3://bucket/${attempt}.csv`, bytes: bytes(10), pin: "etag" });
  for (let number = 0; number < parts; number++)
    await staged.addPart({ number, segments: [], bytes: bytes(10), records: 1 });
  await staged.flush();
}

async function commit(
  ledger: Ledger,
  loadId: string,
  attempt: string,
  parts: number,
  findings: Findings = noFindings("refuse"),
) {
  return await commitManifest(ledger, {
    loadId,
    attempt,
    header: "id\n",
    sourceObjects: 1,
    parts,
    bytes: 10 * parts,
    records: parts,
    findings,
  });
}

async function stagingKeys({ redis, base }: Ledger): Promise<readonly string[]> {
  return await redis.keys(`${base}staging:*`);
}

it("shows nothing of a manifest until it is committed, then all of it", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  await stage(ledger, id, "one", 1200);
  expect(await loadOf(ledger, id)).toMatchObject({ state: "accepted", parts: 0 });
  expect(await readPartRange(ledger, id, 0, -1)).toEqual([]);

  expect(await commit(ledger, id, "one", 1200)).toBe("waiting");
  expect(await loadOf(ledger, id)).toMatchObject({
    state: "waiting",
    parts: 1200,
    bytes: 12_000,
    records: 1200,
    sourceObjects: 1,
    header: "id\n",
    plannedAt: 1_000_000,
  });
  const parts = await readPartRange(ledger, id, 0, -1);
  expect(parts.map((part) => part.number)).toEqual(Array.from({ length: 1200 }, (_, i) => i));
  expect(await readSource(ledger, id, 0)).toMatchObject({ uri: "s3://bucket/one.csv" });
  expect(await stagingKeys(ledger)).toEqual([]);
  expect(await ledger.redis.ttl(`${ledger.base}load:${id}:parts`)).toBe(-1);
  expect(await ledger.redis.ttl(`${ledger.base}load:${id}:sources`)).toBe(-1);
});

it("keeps what is staged for as long as any of it grows", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  const staged = stageManifest(ledger, id, "one");
  await staged.addSource({ uri: "s3://bucket/one.csv", bytes: bytes(10), pin: "etag" });
  await staged.flush();
  const [sources = ""] = await stagingKeys(ledger);
  await ledger.redis.expire(sources, 60);
  await staged.addPart({ number: 0, segments: [], bytes: bytes(10), records: 1 });
  await staged.flush();
  for (const key of await stagingKeys(ledger))
    expect(await ledger.redis.ttl(key), key).toBeGreaterThan(3600);
});

it("takes the manifest of one planning attempt only, whichever commits first", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  await stage(ledger, id, "one", 3);
  await stage(ledger, id, "two", 5);

  expect(await commit(ledger, id, "two", 5)).toBe("waiting");
  expect(await commit(ledger, id, "one", 3)).toBe("gone");
  expect(await loadOf(ledger, id)).toMatchObject({ parts: 5 });
  expect(await readPartRange(ledger, id, 0, -1)).toHaveLength(5);
  expect(await readSource(ledger, id, 0)).toMatchObject({ uri: "s3://bucket/two.csv" });
  expect(await stagingKeys(ledger)).toEqual([]);
});

it("drops the manifest of a load that was cancelled meanwhile", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  await stage(ledger, id, "one", 2);
  await cancelLoad(ledger, id);

  expect(await commit(ledger, id, "one", 2)).toBe("gone");
  expect(await loadOf(ledger, id)).toMatchObject({ state: "cancelled", parts: 0 });
  expect(await stagingKeys(ledger)).toEqual([]);
  expect(await ledger.redis.exists(`${ledger.base}line:crm/orders`)).toBe(0);
});

it("lets what a dead planner has staged expire", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  await stage(ledger, id, "dead", 2);
  const keys = await stagingKeys(ledger);
  expect(keys).toHaveLength(2);
  for (const key of keys) expect(await ledger.redis.ttl(key)).toBeGreaterThan(0);
});

it("fails a load that planning refuses, with its reason, and frees the line", async () => {
  const { ledger } = ledgerOfTest();
  const refused = await addLoad(ledger, { id: "a" });
  const next = await addLoad(ledger, { id: "b", parts: 1 });

  const reason = { code: "csv_empty", message: "no bytes", findings: noFindings("refuse") };
  expect(await failPlanning(ledger, refused, reason)).toBe("failed");
  expect(await loadOf(ledger, refused)).toMatchObject({
    state: "failed",
    reasonCode: "csv_empty",
    reasonMessage: "no bytes",
    endedAt: 1_000_000,
  });
  expect(await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1")).toEqual([next]);
  expect(await ledger.redis.zscore(`${ledger.base}lines`, "crm/orders")).toBe("2");
  expect(await ledger.redis.smembers(`${ledger.base}outbox`)).toEqual([next]);
});

it("does not fail a load that was planned or ended meanwhile", async () => {
  const { ledger } = ledgerOfTest();
  const planned = await addLoad(ledger, { id: "a" });
  await planLoadAs(ledger, planned, 1);
  const reason = { code: "csv_empty", message: "no bytes", findings: noFindings("refuse") };

  expect(await failPlanning(ledger, planned, reason)).toBe("gone");
  expect(await failPlanning(ledger, "default.nobody", reason)).toBe("gone");
  expect(await loadOf(ledger, planned)).toMatchObject({ state: "waiting" });
});

it("counts planning attempts that met a passing fault", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  expect([await countPlanTry(ledger, id), await countPlanTry(ledger, id)]).toEqual([1, 2]);
  expect(await loadOf(ledger, id)).toMatchObject({ planTries: 2, state: "accepted" });
});

describe("findings", () => {
  const findings: Findings = {
    policy: "warn",
    counts: { value_date: 2000, key_doubled: 1 },
    findings: [
      { rule: "value_date", uri: "s3://bucket/é.csv", line: 7, column: "born" },
      {
        rule: "key_doubled",
        uri: "s3://bucket/b.csv",
        line: 2 ** 40,
        column: "id",
        first: { uri: "s3://bucket/a.csv", line: 2 },
      },
    ],
  };

  it("of a load stand beside its manifest, and are counted on it", async () => {
    const { ledger } = ledgerOfTest();
    const id = await addLoad(ledger, { id: "a" });
    expect(await loadOf(ledger, id)).not.toHaveProperty("findings");
    await stage(ledger, id, "one", 1);
    await commit(ledger, id, "one", 1, findings);
    expect(await loadOf(ledger, id)).toMatchObject({ state: "waiting", findings: 2001 });
    expect(await readFindings(ledger, id)).toEqual(findings);
  });

  it("of a refused load stay readable as long as the load does", async () => {
    const { ledger } = ledgerOfTest();
    const id = await addLoad(ledger, { id: "a" });
    await failPlanning(ledger, id, { code: "csv_empty", message: "no bytes", findings });
    expect(await loadOf(ledger, id)).toMatchObject({ state: "failed", findings: 2001 });
    expect(await readFindings(ledger, id)).toEqual(findings);
    const { redis, base } = ledger;
    const kept = await redis.ttl(`${base}load:${id}`);
    expect(await redis.ttl(`${base}load:${id}:findings`)).toBe(kept);
  });

  it("of a load that ended meanwhile are not kept", async () => {
    const { ledger } = ledgerOfTest();
    const id = await addLoad(ledger, { id: "a" });
    await stage(ledger, id, "one", 1);
    await cancelLoad(ledger, id);
    await commit(ledger, id, "one", 1, findings);
    await failPlanning(ledger, id, { code: "csv_empty", message: "no bytes", findings });
    expect(await ledger.redis.exists(`${ledger.base}load:${id}:findings`)).toBe(0);
  });

  it("take little room however many there are", async () => {
    const { ledger } = ledgerOfTest();
    const id = await addLoad(ledger, { id: "a" });
    const many = Array.from({ length: 1000 }, (_, line) => ({
      rule: "value_date" as const,
      uri: `s3://bucket/exports/2026-01-01/orders/part-${"0".repeat(100)}.csv`,
      line,
      column: "born",
    }));
    await stage(ledger, id, "one", 1);
    await commit(ledger, id, "one", 1, { policy: "warn", counts: {}, findings: many });
    const length = await ledger.redis.strlen(`${ledger.base}load:${id}:findings`);
    expect(length).toBeLessThan(20_000);
  });
});
