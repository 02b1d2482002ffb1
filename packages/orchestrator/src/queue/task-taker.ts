/** Takes the tasks of one queue, and can be opened again where BullMQ's loop has stopped by itself. */
import { type Processor, UnrecoverableError, Worker, type WorkerOptions } from "bullmq";
import type { EmitEvent } from "../events.ts";

export interface TaskTaker {
  readonly queue: string;
  /** Tasks taken so far. */
  taken(): number;
  /** Whether it could take one more. */
  hasRoom(): boolean;
  /** Leaves the loop that runs now, with the tasks it still has, and starts another. */
  reopen(): void;
  /** Takes no more; resolves when the tasks under way have ended. */
  close(): Promise<void>;
}

export interface TaskTakerOptions {
  readonly queue: string;
  readonly process: Processor;
  readonly worker: WorkerOptions & { readonly concurrency: number };
  readonly emit: EmitEvent;
  /** Makes the loop; for tests that stop it. Default: a BullMQ Worker. */
  readonly open?: (queue: string, process: Processor, options: WorkerOptions) => Worker;
}

/** Starts taking. */
export function openTaskTaker(options: TaskTakerOptions): TaskTaker {
  const { queue, emit } = options;
  let taken = 0;
  let running = 0;
  const counted: Processor = async (...task) => {
    taken++;
    running++;
    try {
      return await options.process(...task);
    } finally {
      running--;
    }
  };

  function open(): Worker {
    const { open: make = (...with_) => new Worker(...with_) } = options;
    const worker = make(queue, counted, options.worker);
    worker.on("error", ({ message }) => emit({ type: "queue.error", queue, message }));
    worker.on("failed", (_task, error) => {
      // A load or bulk job that fails has said so itself.
      if (error instanceof UnrecoverableError) return;
      emit({ type: "queue.error", queue, message: error.message });
    });
    return worker;
  }

  let current = open();
  return {
    queue,
    taken: () => taken,
    hasRoom: () => running < options.worker.concurrency,
    reopen() {
      // By force: a loop that has stopped would be waited for without end. Its tasks go stale and are taken again.
      current.close(true).catch(() => undefined);
      current = open();
    },
    close: () => current.close(),
  };
}
