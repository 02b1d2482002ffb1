/**
 * Looks at the ledgers' history by a timer of this process's own. The rounds of upkeep stand in the
 * same Redis, so a Redis that was emptied would never ask for one again.
 */
import { isBulkError, type Milliseconds } from "@headgate/core";
import type { Redis } from "ioredis";
import type { EmitEvent } from "../events.ts";
import { moveBeat, rememberLoads } from "../ledger/history.ts";
import { guarded } from "../ledger/ledger.ts";
import type { StepContext } from "../steps/context.ts";
import { settleHistory } from "../steps/settle-history.ts";
import type { Queues } from "./queues.ts";

/** Rounds of upkeep that each connection has a scheduler for. */
const upkeepRounds = ["sweep", "reap"] as const;

export interface WatchHistoryOptions {
  /** The connection of the workers; each time it is ready again is a reason to look. */
  readonly redis: Redis;
  readonly queues: Queues;
  readonly contexts: ReadonlyMap<string, StepContext>;
  /** Time between two looks. */
  readonly everyMs: Milliseconds;
  /** Writes down again what stands in Redis though no load has brought it there. */
  readonly restore: () => Promise<void>;
  readonly emit: EmitEvent;
}

/** Looks at once, every `everyMs`, and whenever Redis has come back, until it is closed. */
export function watchHistory(options: WatchHistoryOptions): { close(): Promise<void> } {
  const { redis, everyMs, emit } = options;
  const closing = new AbortController();
  let looking = Promise.resolve();
  let isDue = false;
  const look = (): void => {
    if (isDue || closing.signal.aborted) return;
    isDue = true;
    looking = looking
      .then(async () => {
        isDue = false;
        await lookAtHistory(options, closing.signal);
      })
      .catch((error: unknown) => {
        // Its tasks tell that Redis or the tenant is away; creations wait meanwhile.
        if (closing.signal.aborted || isBulkError(error)) return;
        const message = error instanceof Error ? error.message : String(error);
        emit({ type: "queue.error", queue: "history", message });
      });
  };
  redis.on("ready", look);
  const timer = setInterval(look, everyMs);
  look();
  return {
    async close() {
      closing.abort(new Error("the worker stops"));
      clearInterval(timer);
      redis.off("ready", look);
      await looking;
    },
  };
}

/** One look at all connections; restores the rounds of upkeep where they are gone. Throws as its steps do. */
export async function lookAtHistory(
  options: Pick<WatchHistoryOptions, "queues" | "contexts" | "restore">,
  signal: AbortSignal,
): Promise<void> {
  const { contexts, queues, restore } = options;
  let isLost = false;
  for (const context of contexts.values()) {
    if (await isLostNow(context, signal)) isLost = true;
    await moveBeat(context.ledger);
    await rememberLoads(context.ledger);
  }
  if (isLost || !(await hasUpkeep(queues, [...contexts.keys()]))) await restore();
}

/** A tenant that cannot be asked yet keeps no other connection waiting; it is asked again before a claim. */
async function isLostNow(context: StepContext, signal: AbortSignal): Promise<boolean> {
  try {
    return await settleHistory(context, signal);
  } catch (error) {
    if (signal.aborted || !isBulkError(error) || isBulkError(error, "ERR_REDIS_AWAY")) throw error;
    return false;
  }
}

async function hasUpkeep(queues: Queues, connections: readonly string[]): Promise<boolean> {
  for (const connection of connections)
    for (const kind of upkeepRounds)
      if (!(await guarded(() => queues.upkeep.getJobScheduler(`${kind}-${connection}`))))
        return false;
  return true;
}
