/** The queues as a process opens them. */
import { type Queues, queueNames } from "@headgate/orchestrator/simulation";
import { markOfQueueCall } from "../crash-points.ts";
import type { RedisLink } from "../redis-link.ts";
import { asQueues } from "./bullmq-shapes.ts";
import { taskHandle } from "./task-handle.ts";
import type { TaskQueue } from "./task-queue.ts";
import type { TaskStore } from "./task-store.ts";

function openQueue(name: string, store: TaskStore, link: RedisLink): TaskQueue {
  const ask = <Reply>(call: string, about: string, run: () => Reply): Promise<Reply> =>
    link.cross(() => `${name}.${call} ${about}`, markOfQueueCall(name, call), run);
  return {
    name,
    async add(title, data, options = {}) {
      const about = options.jobId ?? title;
      const task = await ask("add", about, () => store.add(name, title, data, options));
      return taskHandle(store, link, task);
    },
    async getJob(id) {
      const task = await ask("get", id, () => store.find(name, id));
      return task && taskHandle(store, link, task);
    },
    async getDelayed() {
      const tasks = await ask("list", "delayed", () =>
        [...store.all()].filter((task) => task.queue === name && task.state === "delayed"),
      );
      return tasks.map((task) => taskHandle(store, link, task));
    },
    async upsertJobScheduler(id, { every }, template = {}) {
      if (every === undefined) throw new TypeError("the simulation has no cron schedulers");
      const { name: title = id, data = {}, opts = {} } = template;
      await ask("schedule", id, () =>
        store.schedule(id, { queue: name, everyMs: every, name: title, data, options: opts }),
      );
      return undefined;
    },
    getJobScheduler: (id) =>
      ask("scheduler", id, () => (store.isScheduled(id) ? { key: id } : undefined)),
    removeJobScheduler: (id) =>
      ask("unschedule", id, () => {
        store.unschedule(id);
        return true;
      }),
  };
}

/** All queues over one link. */
export function openTaskQueues(store: TaskStore, link: RedisLink): Queues {
  const open = (name: string): TaskQueue => openQueue(name, store, link);
  return asQueues({
    loads: open(queueNames.loads),
    bulkJobs: open(queueNames.bulkJobs),
    runs: open(queueNames.runs),
    errands: open(queueNames.errands),
    upkeep: open(queueNames.upkeep),
  });
}
