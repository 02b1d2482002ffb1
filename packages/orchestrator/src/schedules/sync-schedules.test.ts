import { epochMs } from "@headgate/core";
import { expect, it } from "vitest";
import { caller, schedulesOfTest, specOf } from "./schedules.test-support.ts";
import { syncSchedules } from "./sync-schedules.ts";

const spec = specOf({ onNoFiles: "complete" });

it("takes over the schedules of its connection, and removes those that are gone from the file", async () => {
  const test = schedulesOfTest();
  await syncSchedules(test.context, { a: spec, b: spec, c: { ...spec, connection: "other" } });
  expect((await test.schedules.list()).map(({ name, origin }) => [name, origin])).toEqual([
    ["a", "file"],
    ["b", "file"],
  ]);
  await test.make("mine");
  await syncSchedules(test.context, { b: spec });
  expect((await test.schedules.list()).map(({ name }) => name)).toEqual(["b", "mine"]);
  expect(test.events).toMatchObject([
    { type: "schedule.synced", schedule: "a", change: "added" },
    { type: "schedule.synced", schedule: "b", change: "added" },
    { type: "schedule.synced", schedule: "a", change: "removed" },
  ]);
});

it("sees what was missed while the fleet was stopped", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await syncSchedules(test.context, { nightly: spec });
  test.setNow("2026-03-10T09:00:00Z");
  await syncSchedules(test.context, { nightly: spec });
  await test.work();
  expect(await test.runs()).toMatchObject([{ date: "2026-03-10", state: "complete" }]);
});

it("lets a changed schedule count from now on, after what came due by the old one", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await syncSchedules(test.context, { nightly: spec });
  test.setNow("2026-03-10T09:00:00Z");
  await syncSchedules(test.context, { nightly: { ...spec, cron: "0 8 * * *" } });
  await test.work();
  expect(await test.runs()).toMatchObject([{ dueAt: "2026-03-10T02:00:00.000Z" }]);
  test.setNow("2026-03-11T09:00:00Z");
  await test.work();
  expect((await test.runs())[0]).toMatchObject({ dueAt: "2026-03-11T08:00:00.000Z" });
});

it("loses no instant that comes while a schedule is changed", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await syncSchedules(test.context, { nightly: spec });
  let now = Date.parse("2026-03-10T01:59:59.999Z");
  const clock = () => epochMs(now++);
  const { ledger } = test.context;
  const changed = { ...spec, lookBackDays: 1 };
  await syncSchedules({ ...test.context, ledger: { ...ledger, clock } }, { nightly: changed });
  test.setNow("2026-03-10T02:00:01Z");
  await test.work();
  expect(await test.runs()).toMatchObject([{ dueAt: "2026-03-10T02:00:00.000Z" }]);
});

it("starts no instant again that another worker has just started by the old schedule", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await syncSchedules(test.context, { nightly: spec });
  test.setNow("2026-03-10T02:00:00Z");
  await test.work();
  const { ledger } = test.context;
  const clock = () => epochMs(Date.parse("2026-03-10T01:59:59Z"));
  const changed = { ...spec, lookBackDays: 1 };
  await syncSchedules({ ...test.context, ledger: { ...ledger, clock } }, { nightly: changed });
  await test.work();
  expect(await test.runs()).toHaveLength(1);
});

it("keeps a run under way at the spec that it began with", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-09T12:00:00Z");
  await syncSchedules(test.context, { nightly: specOf() });
  test.setNow("2026-03-10T02:00:00Z");
  await test.work();
  const moved = specOf({
    targets: [{ sourceName: "crm", object: "orders", source: { prefix: "s3://elsewhere/" } }],
  });
  await syncSchedules(test.context, { nightly: moved });
  test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
  await test.work();
  expect(await test.loaded()).toEqual(["s3://bucket/2026-03-10/orders/a.csv"]);
});

it("leaves a paused schedule paused", async () => {
  const test = schedulesOfTest();
  await syncSchedules(test.context, { nightly: spec });
  await test.schedules.pause("nightly");
  await syncSchedules(test.context, { nightly: { ...spec, cron: "0 8 * * *" } });
  expect(await test.schedules.get("nightly")).toMatchObject({ paused: true, nextRuns: [] });
});

it("wins over a schedule that the API has made, and says so; it is then changed in the file only", async () => {
  const test = schedulesOfTest();
  await test.make();
  await syncSchedules(test.context, { nightly: spec });
  expect(test.events).toMatchObject([{ type: "schedule.synced", change: "replaced" }]);
  expect(await test.schedules.get("nightly")).toMatchObject({
    origin: "file",
    principal: "headgate.yaml",
  });
  await expect(test.schedules.remove("nightly")).rejects.toMatchObject({
    code: "ERR_SCHEDULE_FIXED",
  });
  await expect(test.schedules.create("nightly", spec, caller)).rejects.toMatchObject({
    code: "ERR_SCHEDULE_EXISTS",
  });
});

it("writes nothing where one of them cannot run", async () => {
  const test = schedulesOfTest();
  const sync = syncSchedules(test.context, { a: spec, b: { ...spec, cron: "never" } });
  await expect(sync).rejects.toMatchObject({ code: "ERR_REQUEST_INVALID" });
  expect(await test.schedules.list()).toEqual([]);
});

it("wakes workers at the schedule's instants, and no longer once it is paused or gone", async () => {
  const test = schedulesOfTest();
  const wakeUps = async () =>
    (await test.door.queues.upkeep.getJobSchedulers()).map(({ key, pattern, tz }) => [
      key,
      pattern,
      tz,
    ]);
  await syncSchedules(test.context, { nightly: { ...spec, timeZone: "Europe/Oslo" } });
  expect(await wakeUps()).toEqual([["tick-default-nightly", "0 2 * * *", "Europe/Oslo"]]);
  await test.schedules.pause("nightly");
  expect(await wakeUps()).toEqual([]);
  await test.schedules.resume("nightly");
  expect(await wakeUps()).toHaveLength(1);
  await syncSchedules(test.context, {});
  expect(await wakeUps()).toEqual([]);
});
