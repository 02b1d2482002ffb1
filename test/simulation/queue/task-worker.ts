/** What BullMQ's workers do on one machine: take tasks and tell how they end. */
import type { Machine } from "../machine.ts";
import type { RedisLink } from "../redis-link.ts";
import type { VirtualTime } from "../virtual-time.ts";
import type { TaskProcessor } from "./bullmq-shapes.ts";
import { taskHandle } from "./task-handle.ts";
import type { Task, TaskStore } from "./task-store.ts";

/** The processor of a queue and how many tasks it runs side by side. */
export interface WorkerQueue {
  readonly processor: TaskProcessor;
  readonly concurrency: number;
}

export interface TaskWorker {
  readonly machine: Machine;
  /** Whether it would take a task of this queue now. */
  hasRoom(queue: string): boolean;
  take(task: Task): void;
  /** Takes no more; resolves once all that it has taken is given back or ended. */
  close(): Promise<void>;
}

export interface TaskWorkerOptions {
  readonly time: VirtualTime;
  readonly machine: Machine;
  readonly link: RedisLink;
  readonly store: TaskStore;
  readonly queues: ReadonlyMap<string, WorkerQueue>;
  readonly lockMs: number;
  /** Pause before a task that ended in an unexpected error runs again. */
  readonly backoffMs: (attemptsMade: number) => number;
  /** A place is free again. */
  readonly hasPlace: (queue: string) => void;
  /** A task ended in an error that was not expected. */
  readonly unexpected: (task: Task, error: Error) => void;
}

export function createTaskWorker(options: TaskWorkerOptions): TaskWorker {
  const { time, machine, link, store, queues, lockMs } = options;
  const running = new Map<string, number>();
  const atRest: (() => void)[] = [];
  let closing = false;
  let taken = 0;

  const busyWith = (queue: string): number => running.get(queue) ?? 0;
  const isBusy = (): boolean => [...running.values()].some((count) => count > 0);

  async function run(task: Task, token: string, processor: TaskProcessor): Promise<void> {
    const { queue, id } = task;
    const tell = (name: string, change: () => void): Promise<void> =>
      link.cross(() => `${queue}.${name} ${id}`, undefined, change);
    try {
      await processor(taskHandle(store, link, task), token);
      await tell("complete", () => store.complete(task, token));
    } catch (error) {
      await tell("fail", () => failed(task, token, error)).catch(() => undefined);
    }
  }

  function failed(task: Task, token: string, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (error.name === "DelayedError") return;
    const { attempts = 1 } = task.options;
    const isLast = task.attemptsMade + 1 >= attempts;
    if (error.name === "UnrecoverableError" || isLast) store.fail(task, token, error.message);
    else {
      const wait = options.backoffMs(task.attemptsMade + 1);
      store.delay(task, token, time.now() + wait, true);
    }
    if (error.name !== "UnrecoverableError") options.unexpected(task, error);
  }

  return {
    machine,
    hasRoom(queue) {
      const concurrency = queues.get(queue)?.concurrency ?? 0;
      const inTouch = machine.cutUntil <= time.now() && machine.resumesAt === undefined;
      return machine.alive && inTouch && !closing && busyWith(queue) < concurrency;
    },
    take(task) {
      const { queue } = task;
      const processor = queues.get(queue)?.processor;
      if (processor === undefined) throw new TypeError(`nothing here runs tasks of ${queue}`);
      const token = `${machine.name}:${++taken}`;
      running.set(queue, busyWith(queue) + 1);
      store.take(task, token, lockMs);
      const begin = (): void => {
        void run(task, token, processor).then(() => {
          running.set(queue, busyWith(queue) - 1);
          options.hasPlace(queue);
          if (closing && !isBusy()) for (const rest of atRest.splice(0)) rest();
        });
      };
      time.in(1, `${machine.name} takes ${queue} ${task.id}`, begin, machine);
    },
    close() {
      closing = true;
      if (!isBusy()) return Promise.resolve();
      return new Promise((resolve) => void atRest.push(resolve));
    },
  };
}
