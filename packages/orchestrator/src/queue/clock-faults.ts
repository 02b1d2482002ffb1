/**
 * What a wall clock that was ahead for a while leaves in the queues. BullMQ dates what is delayed by the
 * clock of the machine that delays it. Once that clock is right again, rounds of upkeep and tasks of bulk
 * jobs lie as far off as it was ahead; an upsert leaves a round where it is (measured: a day).
 */
import { type Milliseconds, seconds } from "@headgate/core";
import { Job } from "bullmq";
import type { Redis } from "ioredis";
import type { Queues } from "./queues.ts";

/** Longer than any task of a bulk job sleeps: until a slot is free, an hour and its margins. */
const longestSleepMs = seconds(65 * 60);
/** Tasks that are woken in one go; there are five unfinished bulk jobs a connection. */
const mostWoken = 100;

/** A round of upkeep, by the id of its scheduler. */
export interface Round {
  readonly id: string;
  readonly every: Milliseconds;
}

/** Forgets rounds that are further off than two of their spans; whether there were any, to be scheduled anew. */
export async function forgetFarRounds(
  { upkeep }: Queues,
  rounds: readonly Round[],
): Promise<boolean> {
  let any = false;
  for (const { id, every } of rounds) {
    const known = await upkeep.getJobScheduler(id);
    if (known?.next === undefined || known.next - Date.now() <= 2 * every) continue;
    await upkeep.removeJobScheduler(id);
    any = true;
  }
  return any;
}

/** Wakes tasks of bulk jobs that would sleep longer than any should; one woken too early sleeps on. */
export async function wakeOverslept(redis: Redis, { bulkJobs }: Queues): Promise<void> {
  const from = (Date.now() + longestSleepMs) * 4096;
  const ids = await redis.zrangebyscore(
    bulkJobs.toKey("delayed"),
    from,
    "+inf",
    "LIMIT",
    0,
    mostWoken,
  );
  for (const id of ids) {
    const task = await Job.fromId(bulkJobs, id);
    // Another worker may have woken it in the meantime.
    await task?.promote().catch(() => undefined);
  }
}
