import { seconds } from "@headgate/core";
import { expect, it } from "vitest";
import { doorOfTest } from "../redis-loads.test-support.ts";
import { forgetFarRounds, wakeOverslept } from "./clock-faults.ts";

const day = 24 * 3_600_000;
const every = seconds(30);
const rounds = [{ id: "sweep-default", every }] as const;

it("begins a round anew that a clock has put a day off", async () => {
  const { queues } = doorOfTest();
  const begin = (startDate: number) =>
    queues.upkeep.upsertJobScheduler("sweep-default", { every, startDate }, { name: "sweep" });
  await begin(Date.now() + day);
  const far = (await queues.upkeep.getJobScheduler("sweep-default"))?.next ?? 0;
  expect(far).toBeGreaterThan(Date.now() + day - every);

  expect(await forgetFarRounds(queues, rounds)).toBe(true);
  expect(await queues.upkeep.getDelayedCount()).toBe(0);
  expect(await forgetFarRounds(queues, rounds)).toBe(false);
});

it("leaves rounds that are due soon", async () => {
  const { queues } = doorOfTest();
  await queues.upkeep.upsertJobScheduler("sweep-default", { every }, { name: "sweep" });
  expect(await forgetFarRounds(queues, rounds)).toBe(false);
  expect(await queues.upkeep.getJobSchedulersCount()).toBe(1);
});

it("wakes the task of a bulk job that would sleep for a day, and no other", async () => {
  const { queues, redis } = doorOfTest();
  await queues.bulkJobs.add("t", {}, { jobId: "overslept", delay: day });
  await queues.bulkJobs.add("t", {}, { jobId: "waits-for-a-slot", delay: 3_600_000 });
  await wakeOverslept(redis, queues);
  expect((await queues.bulkJobs.getWaiting()).map(({ id }) => id)).toEqual(["overslept"]);
  expect((await queues.bulkJobs.getDelayed()).map(({ id }) => id)).toEqual(["waits-for-a-slot"]);
});
