/** A task as a process has it in its hands: each call of it goes to Redis and back. */
import { markOfQueueCall } from "../crash-points.ts";
import type { RedisLink } from "../redis-link.ts";
import type { Task, TaskStore } from "./task-store.ts";

/** What headgate uses of BullMQ's `Job`. */
export interface TaskHandle {
  readonly id: string;
  readonly queueName: string;
  readonly name: string;
  readonly data: unknown;
  readonly opts: object;
  readonly attemptsMade: number;
  readonly attemptsStarted: number;
  readonly stalledCounter: number;
  readonly progress: unknown;
  isDelayed(): Promise<boolean>;
  isFailed(): Promise<boolean>;
  isWaiting(): Promise<boolean>;
  isActive(): Promise<boolean>;
  getState(): Promise<string>;
  promote(): Promise<void>;
  retry(state?: string): Promise<void>;
  updateProgress(progress: unknown): Promise<void>;
  updateData(data: unknown): Promise<void>;
  log(line: string): Promise<number>;
  moveToDelayed(at: number, token?: string): Promise<void>;
  extendLock(token: string, lockMs: number): Promise<number>;
  remove(): Promise<void>;
}

/** As it stands now; its counters do not follow what happens later. */
export function taskHandle(store: TaskStore, link: RedisLink, task: Task): TaskHandle {
  const { queue, id, name, data, options, attemptsMade, attemptsStarted, stalledCounter } = task;
  const ask = <Reply>(call: string, run: () => Reply): Promise<Reply> =>
    link.cross(() => `${queue}.${call} ${id}`, markOfQueueCall(queue, call), run);
  const stateOf = (): string => store.find(queue, id)?.state ?? "unknown";
  const there = (): Task => {
    const found = store.find(queue, id);
    if (found === undefined) throw new Error(`Missing key for job ${id}`);
    return found;
  };
  return {
    id,
    queueName: queue,
    name,
    data,
    opts: options,
    attemptsMade,
    attemptsStarted,
    stalledCounter,
    progress: task.progress,
    isDelayed: () => ask("state", () => stateOf() === "delayed"),
    isFailed: () => ask("state", () => stateOf() === "failed"),
    isWaiting: () => ask("state", () => stateOf() === "waiting"),
    isActive: () => ask("state", () => stateOf() === "active"),
    getState: () => ask("state", stateOf),
    promote: () => ask("promote", () => store.promote(there())),
    retry: () => ask("retry", () => store.retry(there())),
    updateProgress: (progress) =>
      ask("progress", () => {
        there().progress = progress;
      }),
    updateData: (changed) =>
      ask("data", () => {
        there().data = changed;
      }),
    // Lines are for people; nothing reads them here.
    log: () => Promise.resolve(1),
    moveToDelayed: (at, token = "") => ask("delay", () => store.delay(there(), token, at)),
    remove: () => ask("remove", () => store.remove(there())),
    extendLock: (token, lockMs) =>
      ask("extend", () => (store.extend(there(), token, lockMs) ? 1 : 0)),
  };
}
