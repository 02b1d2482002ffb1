/**
 * The task queues as they stand in Redis, with BullMQ's rules as far as headgate relies on them:
 *
 *   waiting -> active -> completed | failed | delayed | waiting (its worker lost the lock)
 *   delayed -> waiting   when it is due, or promoted
 *   failed -> waiting    by a retry
 *
 * A task is active under a lock that runs out unless it is extended; only the holder's token can end
 * it. An id is ignored while its task exists, whatever its state; `removeOn…` says whether an ended
 * one goes on existing. Each iteration of a scheduler makes the next one when it is taken.
 */

export type TaskState = "waiting" | "delayed" | "active" | "completed" | "failed";

/** What headgate hands over with a task. */
export interface TaskOptions {
  readonly jobId?: string;
  readonly delay?: number;
  readonly attempts?: number;
  readonly removeOnComplete?: boolean | object;
  readonly removeOnFail?: boolean | object;
}

export interface Task {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  data: unknown;
  readonly options: TaskOptions;
  readonly scheduler: string | undefined;
  state: TaskState;
  dueAt: number;
  attemptsMade: number;
  attemptsStarted: number;
  stalledCounter: number;
  token: string | undefined;
  lockedUntil: number;
  progress: unknown;
  failedReason: string;
}

export interface Scheduler {
  readonly queue: string;
  readonly everyMs: number;
  readonly name: string;
  readonly data: unknown;
  readonly options: TaskOptions;
}

/** All that is lost with Redis. */
export interface TaskImage {
  readonly tasks: readonly Task[];
  readonly schedulers: readonly (readonly [string, Scheduler])[];
}

/** Told when a task may be taken, will be due, could lose its lock, or is given back. */
export interface TaskWatch {
  waits(queue: string): void;
  sleeps(task: Task): void;
  held(task: Task): void;
  released(task: Task): void;
}

export interface TaskStore {
  add(queue: string, name: string, data: unknown, options: TaskOptions): Task;
  find(queue: string, id: string): Task | undefined;
  waiting(queue: string): readonly Task[];
  isWaiting(queue: string): boolean;
  all(): Iterable<Task>;
  take(task: Task, token: string, lockMs: number): void;
  /** Whether the lock was still the token's. */
  extend(task: Task, token: string, lockMs: number): boolean;
  /** Throws where the lock is no longer the token's; so do the next three. */
  complete(task: Task, token: string): void;
  fail(task: Task, token: string, reason: string): void;
  delay(task: Task, token: string, dueAt: number, spendsAttempt?: boolean): void;
  /** Makes one that sleeps wait. Throws where it does not sleep. */
  promote(task: Task): void;
  /** Makes one that has failed wait. Throws where it has not failed. */
  retry(task: Task): void;
  /** Throws where its lock is held. */
  remove(task: Task): void;
  /** It is due: waits, unless it was moved since. */
  due(task: Task, dueAt: number): void;
  /** Its lock has run out: waits again, unless it was extended. */
  stall(task: Task): boolean;
  schedule(id: string, scheduler: Scheduler): void;
  isScheduled(id: string): boolean;
  unschedule(id: string): void;
  image(): TaskImage;
  restore(image: TaskImage): void;
}

/** An empty store; `now` is the clock by which locks run out and schedulers count. */
export function createTaskStore(now: () => number, watch: TaskWatch): TaskStore {
  let tasks = new Map<string, Task>();
  const there = new Set<Task>();
  let schedulers = new Map<string, Scheduler>();
  let lines = new Map<string, Set<Task>>();
  let ids = 0;

  const keyOf = (queue: string, id: string): string => `${queue}:${id}`;
  /** Whether it is neither removed nor lost. */
  const isThere = (task: Task): boolean => there.has(task);

  function drop(task: Task): void {
    tasks.delete(keyOf(task.queue, task.id));
    there.delete(task);
  }

  function lineOf(queue: string): Set<Task> {
    const line = lines.get(queue) ?? new Set();
    lines.set(queue, line);
    return line;
  }

  function wait(task: Task): void {
    task.state = "waiting";
    task.token = undefined;
    lineOf(task.queue).add(task);
    watch.waits(task.queue);
  }

  function sleep(task: Task, dueAt: number): void {
    task.state = "delayed";
    task.token = undefined;
    task.dueAt = dueAt;
    watch.sleeps(task);
  }

  function release(task: Task, token: string): void {
    if (!isThere(task) || task.state !== "active" || task.token !== token)
      throw new Error(`Missing lock for job ${task.id}`);
    task.token = undefined;
    watch.released(task);
  }

  function end(task: Task, state: "completed" | "failed", removes: boolean | object | undefined) {
    task.state = state;
    // BullMQ keeps the last rounds of upkeep for people to see; nothing depends on them.
    if (removes === true || task.scheduler !== undefined) drop(task);
  }

  function put(task: Task): Task {
    tasks.set(keyOf(task.queue, task.id), task);
    there.add(task);
    return task;
  }

  function iterate(scheduler: string, { queue, name, data, options, everyMs }: Scheduler): void {
    const dueAt = Math.floor(now() / everyMs + 1) * everyMs;
    const id = `repeat:${scheduler}:${dueAt}`;
    if (tasks.has(keyOf(queue, id))) return;
    sleep(put(newTask({ queue, id, name, data, options, scheduler })), dueAt);
  }

  const store: TaskStore = {
    add(queue, name, data, options) {
      const id = options.jobId ?? String(++ids);
      const known = tasks.get(keyOf(queue, id));
      if (known !== undefined) return known;
      const task = put(newTask({ queue, id, name, data, options, scheduler: undefined }));
      if (options.delay !== undefined && options.delay > 0) sleep(task, now() + options.delay);
      else wait(task);
      return task;
    },
    find: (queue, id) => tasks.get(keyOf(queue, id)),
    waiting: (queue) => [...lineOf(queue)],
    isWaiting: (queue) => lineOf(queue).size > 0,
    all: () => tasks.values(),
    take(task, token, lockMs) {
      lineOf(task.queue).delete(task);
      task.state = "active";
      task.token = token;
      task.lockedUntil = now() + lockMs;
      task.attemptsStarted++;
      watch.held(task);
      const scheduler = task.scheduler === undefined ? undefined : schedulers.get(task.scheduler);
      if (task.scheduler !== undefined && scheduler !== undefined)
        iterate(task.scheduler, scheduler);
    },
    extend(task, token, lockMs) {
      if (!isThere(task) || task.token !== token) return false;
      task.lockedUntil = now() + lockMs;
      return true;
    },
    complete(task, token) {
      release(task, token);
      task.attemptsMade++;
      end(task, "completed", task.options.removeOnComplete);
    },
    fail(task, token, reason) {
      release(task, token);
      task.attemptsMade++;
      task.failedReason = reason;
      end(task, "failed", task.options.removeOnFail);
    },
    delay(task, token, dueAt, spendsAttempt = false) {
      release(task, token);
      if (spendsAttempt) task.attemptsMade++;
      sleep(task, dueAt);
    },
    promote(task) {
      if (!isThere(task) || task.state !== "delayed")
        throw new Error(`Job ${task.id} is not in the delayed state`);
      wait(task);
    },
    retry(task) {
      if (!isThere(task) || task.state !== "failed")
        throw new Error(`Job ${task.id} is not in the failed state`);
      wait(task);
    },
    remove(task) {
      if (task.state === "active") throw new Error(`Job ${task.id} is locked`);
      lineOf(task.queue).delete(task);
      drop(task);
    },
    due(task, dueAt) {
      if (isThere(task) && task.state === "delayed" && task.dueAt === dueAt) wait(task);
    },
    stall(task) {
      if (!isThere(task) || task.state !== "active" || task.lockedUntil > now()) return false;
      task.stalledCounter++;
      wait(task);
      return true;
    },
    schedule(id, scheduler) {
      for (const task of tasks.values())
        if (task.scheduler === id && task.state === "delayed") drop(task);
      schedulers.set(id, scheduler);
      iterate(id, scheduler);
    },
    isScheduled: (id) => schedulers.has(id),
    unschedule(id) {
      schedulers.delete(id);
      for (const task of tasks.values())
        if (task.scheduler === id && task.state === "delayed") drop(task);
    },
    image: () => ({
      tasks: [...tasks.values()].map((task) => ({ ...task })),
      schedulers: [...schedulers],
    }),
    restore(image) {
      tasks = new Map();
      there.clear();
      lines = new Map();
      schedulers = new Map(image.schedulers);
      for (const saved of image.tasks) {
        const task = put({ ...saved });
        if (task.state === "waiting") wait(task);
        if (task.state === "delayed") watch.sleeps(task);
        if (task.state === "active") watch.held(task);
      }
    },
  };
  return store;
}

/** What Redis holds after FLUSHALL. */
export const noTasks: TaskImage = { tasks: [], schedulers: [] };

function newTask(
  facts: Pick<Task, "queue" | "id" | "name" | "data" | "options" | "scheduler">,
): Task {
  return {
    ...facts,
    state: "waiting",
    dueAt: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    stalledCounter: 0,
    token: undefined,
    lockedUntil: 0,
    progress: undefined,
    failedReason: "",
  };
}
