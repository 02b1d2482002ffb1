/**
 * A worker's lease on a task: it may act on the task only until `leaseEndsAt`. The lock in Redis runs
 * for `lockMs` from the arrival of an extension, which cannot be earlier than its sending. So a worker
 * that counts from the sending, on a clock that never jumps, gives up before anyone can take over.
 */
import { type Milliseconds, milliseconds } from "./units.ts";

/** How a lease of a task is held. */
export interface LeaseTimes {
  /** Lock in Redis, from the arrival of an extension. */
  readonly lockMs: Milliseconds;
  /** The worker's lease ends so much earlier: time to close sockets, and for clocks that run apart. */
  readonly marginMs: Milliseconds;
  /** From the sending of an extension that was confirmed to that of the next. */
  readonly everyMs: Milliseconds;
  /** From the failure of an extension to the next try. */
  readonly retryMs: Milliseconds;
}

/** Times for a lock: a margin of a tenth, an extension after a third, tries a tenth apart. */
export function leaseTimes(lockMs: Milliseconds): LeaseTimes {
  return {
    lockMs,
    marginMs: milliseconds(lockMs / 10),
    everyMs: milliseconds(lockMs / 3),
    retryMs: milliseconds(lockMs / 10),
  };
}

/** End of the lease by an extension that was sent at `sentAt`, on the worker's own clock. */
export function leaseEndsAt({ lockMs, marginMs }: LeaseTimes, sentAt: number): number {
  return sentAt + lockMs - marginMs;
}
