/** A queue as a process has it open. */
import type { TaskHandle } from "./task-handle.ts";
import type { TaskOptions } from "./task-store.ts";

/** What headgate uses of BullMQ's `Queue`. */
export interface TaskQueue {
  readonly name: string;
  add(name: string, data: unknown, options?: TaskOptions): Promise<TaskHandle>;
  getJob(id: string): Promise<TaskHandle | undefined>;
  getDelayed(): Promise<readonly TaskHandle[]>;
  upsertJobScheduler(
    id: string,
    repeat: { readonly every?: number },
    template?: { readonly name?: string; readonly data?: unknown; readonly opts?: TaskOptions },
  ): Promise<undefined>;
  getJobScheduler(id: string): Promise<{ readonly key: string } | undefined>;
  removeJobScheduler(id: string): Promise<boolean>;
}
