/** Runs torn by hand, as no version of headgate writes them. */
import { expect, it } from "vitest";
import { schedulesOfTest } from "./schedules.test-support.ts";

it.each([
  ["record", '{"canary', "record"],
  ["record", '{"state":"canary"}', "record.state"],
  ["spec", "canary", "spec"],
  ["sequence", "canary", "sequence"],
])("a run whose %s is %j is told by name, and the next ones go on", async (field, value, told) => {
  const test = schedulesOfTest();
  const { context, files, events } = test;
  test.setNow("2026-03-01T00:00:00Z");
  await test.make();
  files.set("s3://bucket/2026-03-01/orders/a.csv", "id\n1\n");
  test.setNow("2026-03-01T02:00:00Z");
  await test.work({ loads: "rest" });
  const [torn] = await test.runs();
  const key = `${context.ledger.base}run:${torn?.id}`;
  await context.ledger.redis.hset(key, field, value);

  files.set("s3://bucket/2026-03-02/orders/b.csv", "id\n2\n");
  test.setNow("2026-03-02T02:00:00Z");
  await test.work();
  await test.work();
  const unreadable = events.filter((event) => event.type === "record.unreadable");
  expect(unreadable).toMatchObject([
    { what: "run", id: torn?.id, message: expect.stringContaining(told) },
  ]);
  expect(await test.runs()).toMatchObject([{ date: "2026-03-02", state: "complete" }]);
  await expect(test.schedules.run(torn?.id ?? "")).rejects.toMatchObject({
    code: "ERR_RECORD_UNREADABLE",
  });
  expect(JSON.stringify(events)).not.toContain("canary");
});
