/**
 * Looks whether this worker still takes tasks. BullMQ's loop can stop without a word, after a failover
 * of Redis for one (taskforcesh/bullmq#4378). A queue is stuck where at each look of a minute tasks
 * could be taken, the worker had room, and it took none. Its loop is opened again, once; where that
 * does not help, only a new process can.
 */
import { type Milliseconds, seconds } from "@headgate/core";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { EmitEvent } from "../events.ts";
import type { Stopwatch } from "../ports.ts";
import type { TaskTaker } from "./task-taker.ts";

/** Time between two looks. */
export const lookEveryMs: Milliseconds = seconds(30);
/** Idleness, beside work, that no healthy worker reaches. */
const stuckAfterMs = seconds(60);
/** A task that is due is moved into line by whoever takes the next one; so late it should have been. */
const overdueMs = 1000;

export interface Watchdog {
  /** Looks at all queues once. Never throws: a Redis that is away says nothing of the worker. */
  look(): Promise<void>;
  /** Resolves when a loop that was opened again is stuck too. */
  readonly dead: Promise<void>;
}

interface Watched {
  readonly taken: number;
  readonly idleSince?: number;
  readonly reopened: boolean;
}

export function createWatchdog(deps: {
  readonly redis: Redis;
  readonly takers: readonly { readonly taker: TaskTaker; readonly queue: Queue }[];
  readonly stopwatch: Pick<Stopwatch, "elapsedMs">;
  readonly emit: EmitEvent;
}): Watchdog {
  const { redis, stopwatch, emit } = deps;
  const { promise: dead, resolve: die } = Promise.withResolvers<void>();
  const watched = new Map<TaskTaker, Watched>();

  async function lookAt(taker: TaskTaker, queue: Queue): Promise<void> {
    const before = watched.get(taker) ?? { taken: 0, reopened: false };
    const hasWork = await waits(redis, queue);
    const now = stopwatch.elapsedMs();
    const taken = taker.taken();
    if (taken !== before.taken || !hasWork || !taker.hasRoom()) {
      const reopened = before.reopened && taken === before.taken;
      return void watched.set(taker, { taken, reopened });
    }
    const idleSince = before.idleSince ?? now;
    const idleMs = now - idleSince;
    if (idleMs < stuckAfterMs) return void watched.set(taker, { ...before, idleSince });
    const { queue: name } = taker;
    emit({ type: "worker.stuck", queue: name, idleMs, next: before.reopened ? "end" : "reopen" });
    watched.set(taker, { taken, reopened: true });
    if (before.reopened) die();
    else taker.reopen();
  }

  return {
    dead,
    async look() {
      for (const { taker, queue } of deps.takers)
        try {
          await lookAt(taker, queue);
        } catch {
          watched.delete(taker);
        }
    },
  };
}

/** Whether there are tasks that a worker should take now. */
async function waits(redis: Redis, queue: Queue): Promise<boolean> {
  if (await queue.isPaused()) return false;
  const { waiting = 0, prioritized = 0 } = await queue.getJobCounts("waiting", "prioritized");
  if (waiting + prioritized > 0) return true;
  // BullMQ's scores of delayed tasks: milliseconds by the clock of the machine that delayed them, times 4096.
  const due = (Date.now() - overdueMs) * 4096;
  return (await redis.zcount(queue.toKey("delayed"), 0, due)) > 0;
}
