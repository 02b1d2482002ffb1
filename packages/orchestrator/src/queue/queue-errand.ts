/** Queues the task of an errand. */
import type { ErrandKind } from "../errands.ts";
import { guarded, type Ledger } from "../ledger/ledger.ts";
import { type Queues, queueNames, taskOptions } from "./queues.ts";
import { taskSeal } from "./task-seal.ts";

/** Dry runs can take long; what frees a permit goes before them. BullMQ: 1 is the highest. */
const priorities = { plan: 2, other: 1 } as const;

/** Throws ERR_REDIS_AWAY. */
export async function queueErrand(
  { queues, ledger }: { readonly queues: Queues; readonly ledger: Ledger },
  task: { readonly errandId: string; readonly kind: ErrandKind },
): Promise<void> {
  const { connection } = ledger;
  const { errandId, kind } = task;
  await guarded(() =>
    queues.errands.add(
      `${kind} ${connection}`,
      { connection, errandId, kind, ...taskSeal(ledger, queueNames.errands, errandId) },
      {
        ...taskOptions,
        jobId: errandId,
        priority: kind === "plan" ? priorities.plan : priorities.other,
      },
    ),
  );
}
