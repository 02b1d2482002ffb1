/**
 * Looks after the loads that this process has just accepted. Redis can lose its last second, and who
 * was told that a load is accepted must not wait for it in vain. Workers remember the loads that are
 * older, see queue/watch-history.ts.
 */
import { isBulkError, type Milliseconds, seconds } from "@headgate/core";
import type { Redis } from "ioredis";
import type { EmitEvent } from "./events.ts";
import { missingOf } from "./ledger/history.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { connectionOf } from "./ledger/load-record.ts";
import type { Stopwatch } from "./ports.ts";

/** How long a load is looked after; by then every worker knows it. */
const keepMs = seconds(120);
/** Most loads that are looked after at a time, the newest. */
const mostKept = 10_000;

export interface WatchAcceptedOptions {
  readonly redis: Redis;
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly stopwatch: Pick<Stopwatch, "elapsedMs">;
  /** Told `load.vanished` once for each load that is gone. */
  readonly emit: EmitEvent;
  /** Time between two looks. Default 5 s. */
  readonly everyMs?: Milliseconds;
}

/** Notes each `load.accepted` that it is given; looks every so often, and whenever Redis is back. */
export function watchAccepted(options: WatchAcceptedOptions): {
  readonly take: EmitEvent;
  close(): void;
} {
  const { redis, stopwatch, everyMs = seconds(5) } = options;
  /** Load id -> when it was accepted, the oldest first. */
  const kept = new Map<string, number>();
  const forgetOld = (): void => {
    const now = stopwatch.elapsedMs();
    for (const [id, at] of kept) {
      if (now - at < keepMs && kept.size <= mostKept) return;
      kept.delete(id);
    }
  };
  const look = (): void => {
    forgetOld();
    const ids = [...kept.keys()];
    if (ids.length > 0) lookFor(options, ids, kept).catch(unlessAway);
  };
  redis.on("ready", look);
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    take(event) {
      if (event.type !== "load.accepted") return;
      kept.set(event.loadId, stopwatch.elapsedMs());
      forgetOld();
    },
    close() {
      clearInterval(timer);
      redis.off("ready", look);
    },
  };
}

async function lookFor(
  { ledgers, emit }: WatchAcceptedOptions,
  ids: readonly string[],
  kept: Map<string, number>,
): Promise<void> {
  // Two looks can meet the same load.
  for (const [name, ledger] of ledgers)
    for (const loadId of await missingOf(
      ledger,
      ids.filter((id) => connectionOf(id) === name),
    ))
      if (kept.delete(loadId)) emit({ type: "load.vanished", loadId });
}

/** The next look finds it. */
function unlessAway(error: unknown): void {
  if (!isBulkError(error, "ERR_REDIS_AWAY")) throw error;
}
