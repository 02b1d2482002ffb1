import { claimFrom } from "@headgate/core";
import { expect, it } from "vitest";
import { readBulkJobParts } from "./bulk-job-record.ts";
import { cancelLoad } from "./cancel.ts";
import { commitClaim, readLine, readLines } from "./claim.ts";
import { endBulkJob } from "./end-bulk-job.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  complete,
  ledgerOfTest,
  loadOf,
  lost,
} from "./ledger.test-support.ts";
import type { Ledger } from "./ledger.ts";

async function partsOf(ledger: Ledger, id: string): Promise<readonly string[]> {
  const parts = await readBulkJobParts(ledger, id);
  return parts.map(({ load, part }) => `${load} ${part}`);
}

async function lineOf(ledger: Ledger, object = "orders"): Promise<readonly string[]> {
  return await ledger.redis.zrange(`${ledger.base}line:crm/${object}`, "0", "-1");
}

it("takes slot, permit, object and parts together", async () => {
  const { ledger } = ledgerOfTest();
  const load = await addLoad(ledger, { id: "a", parts: 3 });

  expect(await claimAs(ledger, "job1", { maxFiles: 2 })).toEqual({ kind: "granted" });
  expect(await bulkJobOf(ledger, "job1")).toMatchObject({
    phase: "claimed",
    sourceName: "crm",
    object: "orders",
    objectKey: "crm/orders",
    operation: "upsert",
    files: 2,
    bytes: 20,
    claimedAt: 1_000_000,
  });
  expect(await partsOf(ledger, "job1")).toEqual([`${load} 0`, `${load} 1`]);
  expect(await loadOf(ledger, load)).toMatchObject({
    state: "loading",
    nextPart: 2,
    claimedParts: 2,
  });
  const { redis, base } = ledger;
  expect(await redis.zrange(`${base}slots`, "0", "-1", "WITHSCORES")).toEqual([
    "o:job1:1",
    "1000000",
  ]);
  expect(await redis.zrange(`${base}permits`, "0", "-1")).toEqual(["job1"]);
  expect(await redis.hgetall(`${base}live`)).toEqual({ "crm/orders": "job1" });
});

it("changes nothing where the line has changed since it was read", async () => {
  const { ledger } = ledgerOfTest();
  const load = await addLoad(ledger, { id: "a", parts: 1 });
  const line = await readLine(ledger, "crm/orders", 10);
  const claim = claimFrom(line, 10);
  if (claim === undefined) throw new Error("the line must have a head");
  const parts = [{ load, part: 0, bytes: 10, records: 1 }];
  await addLoad(ledger, { id: "b" });

  expect(await commitClaim(ledger, { id: "job1", claim, version: line.version, parts })).toEqual({
    kind: "stale",
  });
  expect(await loadOf(ledger, load)).toMatchObject({ state: "waiting", nextPart: 0 });
  for (const key of ["slots", "permits", "live", "bulk-job:job1", "bulk-job:job1:parts"])
    expect(await ledger.redis.exists(`${ledger.base}${key}`)).toBe(0);
});

it("grants one of many workers that claim by the same snapshot", async () => {
  const { ledger } = ledgerOfTest({ oneBulkJobPerObject: false });
  const load = await addLoad(ledger, { id: "a", parts: 4 });
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => claimAs(ledger, `job${i}`, { maxFiles: 4 })),
  );
  expect(answers.filter((answer) => answer.kind === "granted")).toHaveLength(1);
  expect(await loadOf(ledger, load)).toMatchObject({ claimedParts: 4, nextPart: 4 });
  expect(await ledger.redis.zcard(`${ledger.base}slots`)).toBe(1);
});

it("takes parts from loads in the order in which they were accepted", async () => {
  const { ledger } = ledgerOfTest();
  const ids: string[] = [];
  for (const id of ["z", "m", "a"]) ids.push(await addLoad(ledger, { id, parts: 2 }));

  await claimAs(ledger, "job1", { maxFiles: 5 });
  const [z, m, a] = ids;
  expect(await partsOf(ledger, "job1")).toEqual([`${z} 0`, `${z} 1`, `${m} 0`, `${m} 1`, `${a} 0`]);
  expect(await lineOf(ledger)).toEqual([a]);
});

it("takes nothing behind a load that is still to be planned, or of another operation", async () => {
  const { ledger } = ledgerOfTest();
  await addLoad(ledger, { id: "unplanned", object: "orders" });
  await addLoad(ledger, { id: "planned", object: "orders", parts: 1 });
  const upsert = await addLoad(ledger, { id: "upsert", object: "customers", parts: 1 });
  await addLoad(ledger, { id: "delete", object: "customers", operation: "delete", parts: 1 });

  expect(await claimAs(ledger, "job1")).toEqual({ kind: "nothing" });
  expect(await claimAs(ledger, "job2", { object: "customers" })).toEqual({ kind: "granted" });
  expect(await partsOf(ledger, "job2")).toEqual([`${upsert} 0`]);
});

it("lets a load leave the line with its last part and come back to its own place", async () => {
  const { ledger } = ledgerOfTest();
  const first = await addLoad(ledger, { id: "first", parts: 2 });
  const second = await addLoad(ledger, { id: "second", parts: 2 });
  await claimAs(ledger, "job1", { maxFiles: 3 });
  expect(await lineOf(ledger)).toEqual([second]);

  await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost);
  expect(await lineOf(ledger)).toEqual([first, second]);
  expect(await loadOf(ledger, first)).toMatchObject({ state: "waiting", claimedParts: 0 });
});

it("takes returned parts before those that were never claimed", async () => {
  const { ledger } = ledgerOfTest();
  const load = await addLoad(ledger, { id: "a", parts: 5 });
  await claimAs(ledger, "job1", { maxFiles: 2 });
  await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), lost);

  await claimAs(ledger, "job2", { maxFiles: 3 });
  expect(await partsOf(ledger, "job2")).toEqual([`${load} 0`, `${load} 1`, `${load} 2`]);
  expect(await loadOf(ledger, load)).toMatchObject({ nextPart: 3, claimedParts: 3 });
  expect(await ledger.redis.exists(`${ledger.base}load:${load}:returned`)).toBe(0);
});

it("puts the line with the earliest head first", async () => {
  const { ledger } = ledgerOfTest();
  const early = await addLoad(ledger, { id: "1", object: "orders", parts: 1 });
  await addLoad(ledger, { id: "2", object: "customers", parts: 1 });
  await addLoad(ledger, { id: "3", object: "orders", parts: 1 });
  expect(await readLines(ledger)).toEqual(["crm/orders", "crm/customers"]);

  await cancelLoad(ledger, early);
  expect(await readLines(ledger)).toEqual(["crm/customers", "crm/orders"]);
  await claimAs(ledger, "job1");
  expect(await readLines(ledger)).toEqual(["crm/customers"]);
});

it("keeps the object until its bulk job has ended, whatever time has passed", async () => {
  const { ledger, setNow } = ledgerOfTest();
  await addLoad(ledger, { id: "a", parts: 2 });
  await claimAs(ledger, "job1", { maxFiles: 1 });
  setNow(1_000_000 + 30 * 24 * 3_600_000);
  expect(await claimAs(ledger, "job2")).toEqual({ kind: "wait", reason: "object-busy" });

  await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);
  expect(await claimAs(ledger, "job2")).toEqual({ kind: "granted" });
});
