import { epochMs } from "@headgate/core";
import { expect, it } from "vitest";
import { endBulkJob } from "./end-bulk-job.ts";
import { addLoad, bulkJobOf, claimAs, complete, ledgerOfTest } from "./ledger.test-support.ts";
import { retentionOf } from "./ledger.ts";
import { forgetExpired } from "./retention.ts";

it("forgets index entries of expired records, and keeps those of records that are there", async () => {
  const { ledger } = ledgerOfTest();
  const { redis, base } = ledger;
  const gone = await addLoad(ledger, { id: "gone", parts: 1 });
  await claimAs(ledger, "gone");
  await endBulkJob(ledger, await bulkJobOf(ledger, "gone"), complete);
  const kept = await addLoad(ledger, { id: "kept", parts: 1 });
  await claimAs(ledger, "kept");
  await redis.del(`${base}load:${gone}`, `${base}bulk-job:gone`);

  await forgetExpired(ledger, epochMs(1_000_000));
  expect(await redis.zrange(`${base}loads`, "0", "-1")).toEqual([gone, kept]);
  await forgetExpired(ledger, epochMs(1_000_000 + retentionOf({}) * 1000));
  expect(await redis.zrange(`${base}loads`, "0", "-1")).toEqual([kept]);
  expect(await redis.zrange(`${base}bulk-jobs`, "0", "-1")).toEqual(["kept"]);
});

it("forgets them in the narrower indexes too, and these where they are empty", async () => {
  const { ledger } = ledgerOfTest();
  const { redis, base } = ledger;
  const gone = await addLoad(ledger, { id: "gone", object: "old" });
  const kept = await addLoad(ledger, { id: "kept" });
  await redis.del(`${base}load:${gone}`);
  await forgetExpired(ledger, epochMs(1_000_000 + retentionOf({}) * 1000));
  expect((await redis.smembers(`${base}load-indexes`)).toSorted()).toEqual([
    "loads:object:orders",
    "loads:operation:upsert",
    "loads:principal:test",
    "loads:sourceName:crm",
    "loads:state:accepted",
  ]);
  for (const index of ["object:orders", "principal:test", "state:accepted"])
    expect(await redis.zrange(`${base}loads:${index}`, "0", "-1")).toEqual([kept]);
  expect(await redis.exists(`${base}loads:object:old`)).toBe(0);
});

it("leaves none behind, however many have expired since its last round", async () => {
  const { ledger } = ledgerOfTest();
  const { redis, base } = ledger;
  const gone = Array.from({ length: 1234 }, (_, i) => [i, `gone-${i}`]).flat();
  await redis.zadd(`${base}loads`, ...gone);
  const kept = await addLoad(ledger, { id: "kept" });
  await forgetExpired(ledger, epochMs(1_000_000 + retentionOf({}) * 1000));
  expect(await redis.zrange(`${base}loads`, "0", "-1")).toEqual([kept]);
});
