/** Brings waiting tasks to workers with room, and lets sleeping and abandoned ones wait again. */
import type { Counters } from "../counters.ts";
import type { Random } from "../random.ts";
import type { RedisHealth } from "../redis-link.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { createTaskStore, type Task, type TaskStore } from "./task-store.ts";
import type { TaskWorker } from "./task-worker.ts";

export interface Dispatch {
  readonly store: TaskStore;
  addWorker(worker: TaskWorker): void;
  removeWorker(worker: TaskWorker): void;
  /** Something may be taken that could not be before. */
  look(queue: string): void;
  lookAtAll(): void;
}

export function createDispatch(options: {
  readonly time: VirtualTime;
  readonly health: RedisHealth;
  readonly random: Random;
  readonly counters: Counters;
  readonly queues: readonly string[];
}): Dispatch {
  const { time, health, random, counters, queues } = options;
  const workers: TaskWorker[] = [];
  const due = new Set<string>();
  /** What takes back the next look at a task's lock. */
  const locks = new Map<Task, () => void>();

  const store = createTaskStore(time.now, {
    waits: (queue) => look(queue),
    sleeps(task) {
      const { dueAt } = task;
      time.in(dueAt - time.now(), `${task.queue} ${task.id} is due`, () => store.due(task, dueAt));
    },
    held(task) {
      const check = (): void => {
        locks.delete(task);
        const left = task.lockedUntil - time.now();
        // A worker that looks for abandoned tasks comes by at most half a lock later.
        if (left > 0)
          locks.set(task, time.in(left + random.int(1, 15_000), `lock of ${task.id}`, check));
        else if (store.stall(task)) counters.count("task taken over");
      };
      check();
    },
    released(task) {
      locks.get(task)?.();
      locks.delete(task);
    },
  });

  function look(queue: string): void {
    if (due.has(queue) || !store.isWaiting(queue)) return;
    due.add(queue);
    time.in(random.int(1, 3), `workers look at ${queue}`, () => {
      due.delete(queue);
      hand(queue);
    });
  }

  function hand(queue: string): void {
    const awayMs = health.awayUntil - time.now();
    if (awayMs > 0) {
      if (store.waiting(queue).length > 0) time.in(awayMs + 1, `${queue} again`, () => look(queue));
      return;
    }
    for (const task of store.waiting(queue)) {
      const free = workers.filter((worker) => worker.hasRoom(queue));
      if (free.length === 0) return;
      random.pick(free).take(task);
    }
  }

  const lookAtAll = (): void => queues.forEach(look);

  return {
    store,
    addWorker(worker) {
      workers.push(worker);
      lookAtAll();
    },
    removeWorker(worker) {
      const at = workers.indexOf(worker);
      if (at >= 0) workers.splice(at, 1);
    },
    look,
    lookAtAll,
  };
}
