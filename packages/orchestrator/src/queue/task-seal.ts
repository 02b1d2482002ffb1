/** The seals of tasks: over queue and id, so that a payload counts for its own task and for no other. */
import { reasonCode } from "@headgate/core";
import { UnrecoverableError } from "bullmq";
import { isGenuine, type SealPlace, sealOf, tampered } from "../seals/seals.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import type { StepContext } from "../steps/context.ts";
import type { queueNames } from "./queues.ts";

type QueueName = (typeof queueNames)[keyof typeof queueNames];

/** What a task's payload says, to be compared with its seal. */
export interface SealedTask {
  readonly queue: QueueName;
  readonly id: string;
  readonly seal: string | undefined;
}

/** A task's seal as part of its payload; nothing where no key is configured. */
export function taskSeal(
  place: SealPlace,
  queue: QueueName,
  id: string,
): { readonly seal?: string } {
  const seal = sealOf(place, factsOf(queue, id));
  return seal === "" ? {} : { seal };
}

/**
 * Throws what fails a task for good whose payload is not the one that it was made with, and tells it.
 * Its record is untouched: where that still needs the task, the sweep puts the payload right.
 */
export function checkTask(
  context: Pick<StepContext, "ledger" | "ports">,
  { queue, id, seal }: SealedTask,
  taskId = "without an id",
): void {
  const { ledger } = context;
  if (ledger.seals === undefined) return;
  if (taskId === id && isGenuine(ledger, factsOf(queue, id), seal)) return;
  const { code, message, fields } = tampered("task", taskId);
  tellRefused(context, { code, fields });
  throw new UnrecoverableError(`${reasonCode(code)}: ${message}`);
}

function factsOf(queue: QueueName, id: string): readonly string[] {
  return ["task", queue, id];
}
