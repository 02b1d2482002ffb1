/**
 * A worker's lease on a task, extended while the task runs. BullMQ's own renewal falls silent when
 * Redis hangs, and its worker goes on; here the lease ends by this machine's monotonic clock unless an
 * extension was confirmed, and with it every call that the task has under way.
 */
import { leaseEndsAt, leaseTimes, type Milliseconds, milliseconds } from "@headgate/core";
import type { Stopwatch } from "../ports.ts";

export interface LeaseOptions {
  /** Asks Redis to hold the lock for `lockMs` from now; false where it is no longer ours. */
  readonly extend: () => Promise<boolean>;
  readonly lockMs: Milliseconds;
  readonly stopwatch: Stopwatch;
}

/** Held until `signal` is aborted or it is released. */
export interface Lease {
  /** Aborted, with an Error that says why, once the task may be someone else's. */
  readonly signal: AbortSignal;
  /** Stops extending: the task is done with. */
  release(): void;
}

/** Resolves once a first extension is confirmed; rejects with the reason where none is. */
export async function takeLease({ extend, lockMs, stopwatch }: LeaseOptions): Promise<Lease> {
  const times = leaseTimes(lockMs);
  const lost = new AbortController();
  const released = new AbortController();
  const over = AbortSignal.any([lost.signal, released.signal]);
  const { promise: taken, resolve, reject } = Promise.withResolvers<Lease>();
  let endsAt = leaseEndsAt(times, stopwatch.elapsedMs());

  function lose(why: string): void {
    const reason = new Error(why);
    lost.abort(reason);
    reject(reason);
  }

  function watchTheEnd(): void {
    if (over.aborted) return;
    const left = endsAt - stopwatch.elapsedMs();
    if (left <= 0) lose("no extension of the task's lock was confirmed in time");
    else
      stopwatch.deadline(milliseconds(left)).addEventListener("abort", watchTheEnd, { once: true });
  }

  async function extendWhileHeld(): Promise<void> {
    while (!over.aborted) {
      const sentAt = stopwatch.elapsedMs();
      const answer = await extend().catch(() => "no answer" as const);
      if (answer === false) return lose("the task's lock is no longer ours");
      if (answer === true) {
        endsAt = leaseEndsAt(times, sentAt);
        resolve({ signal: lost.signal, release: () => released.abort() });
      }
      const wait = answer === true ? times.everyMs : times.retryMs;
      await pause(sentAt + wait - stopwatch.elapsedMs());
    }
  }

  async function pause(ms: number): Promise<void> {
    if (ms <= 0 || over.aborted) return;
    const { promise, resolve: goOn } = Promise.withResolvers<unknown>();
    stopwatch.deadline(milliseconds(ms)).addEventListener("abort", goOn, { once: true });
    over.addEventListener("abort", goOn, { once: true });
    await promise;
    over.removeEventListener("abort", goOn);
  }

  watchTheEnd();
  void extendWhileHeld();
  return await taken;
}
