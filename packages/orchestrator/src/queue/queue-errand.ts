/** Queues the task of an errand. */
import type { ErrandKind } from "../errands.ts";
import { guarded } from "../ledger/ledger.ts";
import { type Queues, taskOptions } from "./queues.ts";

/** Dry runs can take long; what frees a permit goes before them. BullMQ: 1 is the highest. */
const priorities = { plan: 2, other: 1 } as const;

/** Throws ERR_REDIS_AWAY. */
export async function queueErrand(
  queues: Queues,
  task: { readonly connection: string; readonly errandId: string; readonly kind: ErrandKind },
): Promise<void> {
  const { connection, errandId, kind } = task;
  await guarded(() =>
    queues.errands.add(
      `${kind} ${connection}`,
      { connection, errandId, kind },
      {
        ...taskOptions,
        jobId: errandId,
        priority: kind === "plan" ? priorities.plan : priorities.other,
      },
    ),
  );
}
