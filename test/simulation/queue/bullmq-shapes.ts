/**
 * The simulated queues have what headgate uses of BullMQ's classes and no more. They are passed off
 * as those here and nowhere else; the conformance suite of task queues holds them to the same rules.
 */
import type { applyOutcome, bulkJobProcessor, Queues } from "@headgate/orchestrator/simulation";
import type { TaskHandle } from "./task-handle.ts";
import type { TaskQueue } from "./task-queue.ts";

/** Runs one task; a step's outcome is applied to it by then, or thrown. */
export type TaskProcessor = (task: TaskHandle, token: string) => Promise<unknown>;

export function asProcessor(processor: ReturnType<typeof bulkJobProcessor>): TaskProcessor {
  return processor as unknown as TaskProcessor;
}

export function asQueues(
  queues: Readonly<Record<Exclude<keyof Queues, "close">, TaskQueue>>,
): Queues {
  return { ...queues, close: () => Promise.resolve() } as unknown as Queues;
}

export function asTask(task: TaskHandle): Parameters<typeof applyOutcome>[0] {
  return task as unknown as Parameters<typeof applyOutcome>[0];
}
