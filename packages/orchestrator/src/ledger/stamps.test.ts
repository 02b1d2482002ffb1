import { expect, it } from "vitest";
import { advanceBulkJob } from "./bulk-job-record.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  ledgerOfTest,
  type TestLedger,
} from "./ledger.test-support.ts";
import { runScript } from "./ledger.ts";

async function stampOf({ ledger }: TestLedger): Promise<number> {
  return Number(await runScript(ledger, "return stamp()", []));
}

it("gives out the time in microseconds, and never a number twice while time stands still", async () => {
  const test = ledgerOfTest();
  expect([await stampOf(test), await stampOf(test)]).toEqual([1_000_000_000, 1_000_000_001]);
  test.setNow(1_000_001);
  expect(await stampOf(test)).toBe(1_000_001_000);
  test.setNow(999_999);
  expect(await stampOf(test)).toBe(1_000_001_001);
});

it("fences off a worker of before a loss, though the record was changed as often since", async () => {
  const { ledger, setNow } = ledgerOfTest();
  await addLoad(ledger, { id: "a", parts: 1 });
  await claimAs(ledger, "job1");
  const claimed = await bulkJobOf(ledger, "job1");
  const key = `${ledger.base}bulk-job:job1`;
  const copy = await ledger.redis.hgetall(key);
  const witness = await ledger.redis.hgetall(`${ledger.base}witness`);

  const before = await advanceBulkJob(ledger, claimed, { tries: 1 });
  await ledger.redis.del(key, `${ledger.base}witness`);
  await ledger.redis.hset(key, copy);
  await ledger.redis.hset(`${ledger.base}witness`, witness);
  setNow(1_000_001);
  const since = await advanceBulkJob(ledger, claimed, { tries: 7 });

  await expect(advanceBulkJob(ledger, before, { tries: 2 })).rejects.toMatchObject({
    code: "ERR_LEDGER_FENCED",
  });
  expect(await bulkJobOf(ledger, "job1")).toEqual(since);
});
