/** Does what needs Redis again and again while Redis is away. */
import { setTimeout } from "node:timers/promises";
import { isBulkError } from "@headgate/core";

/** Time between two tries. */
const defaultRetryMs = 5_000;

/**
 * Resolves once `sync` has succeeded, or the signal has aborted while Redis was away. `onAway` is told
 * once. Throws what `sync` throws but ERR_REDIS_AWAY.
 */
export async function syncUntilDone(
  sync: () => Promise<void>,
  options: {
    readonly signal: AbortSignal;
    readonly onAway: () => void;
    /** Default 5 s. */
    readonly retryMs?: number;
  },
): Promise<void> {
  const { signal, onAway, retryMs = defaultRetryMs } = options;
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      return await sync();
    } catch (error) {
      if (!isBulkError(error, "ERR_REDIS_AWAY")) throw error;
    }
    if (tries === 1) onAway();
    await setTimeout(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
