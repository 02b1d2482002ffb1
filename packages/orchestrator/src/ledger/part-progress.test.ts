import { expect, it } from "vitest";
import { readBulkJobParts } from "./bulk-job-record.ts";
import { cancelLoad } from "./cancel.ts";
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
import { recordClosed, recordUploaded, returnLastPart } from "./part-progress.ts";

it("writes down each accepted part with its hash, once", async () => {
  const { ledger } = ledgerOfTest();
  const load = await addLoad(ledger, { id: "a", parts: 2 });
  await claimAs(ledger, "job1");
  const record = await bulkJobOf(ledger, "job1");
  const part = { load, part: 0, bytes: 10, records: 1 };

  const next = await recordUploaded(ledger, record, { part, sha256: "abc" });
  expect(next).toMatchObject({ next: 1, uploading: "", tries: 0 });
  expect(next.revision).toBeGreaterThan(record.revision);
  await expect(recordUploaded(ledger, record, { part, sha256: "abc" })).rejects.toMatchObject({
    code: "ERR_LEDGER_FENCED",
    fields: { bulkJobId: "job1", revision: record.revision },
  });
  expect(await loadOf(ledger, load)).toMatchObject({ uploadedParts: 1, uploadedBytes: 10 });
  const receipts = await ledger.redis.lrange(`${ledger.base}bulk-job:job1:receipts`, 0, -1);
  expect(receipts.map((text) => JSON.parse(text))).toEqual([{ ...part, sha256: "abc" }]);
});

it("gives the last part back to the line, and the load waits where it was the only one", async () => {
  const { ledger } = ledgerOfTest();
  const first = await addLoad(ledger, { id: "first", parts: 2 });
  const second = await addLoad(ledger, { id: "second", parts: 1 });
  await claimAs(ledger, "job1");

  const next = await returnLastPart(ledger, await bulkJobOf(ledger, "job1"));
  expect(next).toMatchObject({ files: 2, bytes: 20 });
  expect(await readBulkJobParts(ledger, "job1")).toHaveLength(2);
  expect(await loadOf(ledger, second)).toMatchObject({ state: "waiting", claimedParts: 0 });
  await returnLastPart(ledger, next);
  expect(await loadOf(ledger, first)).toMatchObject({ state: "loading", claimedParts: 1 });
  expect(await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1")).toEqual([
    first,
    second,
  ]);
});

it("keeps a part of a load that has ended out of the line", async () => {
  const { ledger } = ledgerOfTest({ oneBulkJobPerObject: false });
  const load = await addLoad(ledger, { id: "a", parts: 2 });
  const next = await addLoad(ledger, { id: "b", parts: 1 });
  await claimAs(ledger, "job1", { maxFiles: 1 });
  await claimAs(ledger, "job2", { maxFiles: 1 });
  await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), { ...lost, culprits: [load] });

  await returnLastPart(ledger, await bulkJobOf(ledger, "job2"));
  expect(await loadOf(ledger, load)).toMatchObject({ state: "failed", claimedParts: 0 });
  expect(await ledger.redis.zrange(`${ledger.base}line:crm/orders`, "0", "-1")).toEqual([next]);
  expect(await ledger.redis.exists(`${ledger.base}load:${load}:returned`)).toBe(0);
});

it("leaves a load cancelled whose bulk job turns out to be closed", async () => {
  const { ledger } = ledgerOfTest();
  const load = await addLoad(ledger, { id: "a", parts: 1 });
  await claimAs(ledger, "job1");
  await cancelLoad(ledger, load);

  await recordClosed(ledger, await bulkJobOf(ledger, "job1"), "InProgress");
  expect(await loadOf(ledger, load)).toMatchObject({ state: "cancelled", closedParts: 1 });
  expect(await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete)).toEqual([]);
  expect(await loadOf(ledger, load)).toMatchObject({ state: "cancelled", settledParts: 1 });
});

it("refuses every write of a worker that another has overtaken", async () => {
  const { ledger } = ledgerOfTest();
  await addLoad(ledger, { id: "a", parts: 1 });
  await claimAs(ledger, "job1");
  const stale = await bulkJobOf(ledger, "job1");
  await recordClosed(ledger, stale, "UploadComplete");

  const fenced = { code: "ERR_LEDGER_FENCED" };
  await expect(recordClosed(ledger, stale, "UploadComplete")).rejects.toMatchObject(fenced);
  await expect(returnLastPart(ledger, stale)).rejects.toMatchObject(fenced);
  expect(await endBulkJob(ledger, stale, lost)).toBe("fenced");
});
