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
  /** Throws the signal's reason, also where its timer had no turn yet though the lease is over. */
  throwIfOver(): void;
  /** Stops extending: the task is done with. */
  release(): void;
}

/** Resolves once a first extension is confirmed; rejects with the reason where none is. */
export async function takeLease({ extend, lockMs, stopwatch }: LeaseOptions): Promise<Lease> {
  const times = leaseTimes(lockMs);
  const lost = new AbortController();
  const { promise: taken, resolve, reject } = Promise.withResolvers<Lease>();
  let endsAt = leaseEndsAt(times, stopwatch.elapsedMs());
  let isOver = false;
  const timers: { end?: () => void; extension?: () => void } = {};

  function release(): void {
    isOver = true;
    timers.end?.();
    timers.extension?.();
  }

  function lose(why: string): void {
    if (isOver) return;
    release();
    const reason = new Error(why);
    lost.abort(reason);
    reject(reason);
  }

  function leftMs(): number {
    const left = endsAt - stopwatch.elapsedMs();
    if (left <= 0) lose("no extension of the task's lock was confirmed in time");
    return left;
  }

  function watchTheEnd(): void {
    const left = leftMs();
    if (left > 0) timers.end = stopwatch.after(milliseconds(left), watchTheEnd);
  }

  function throwIfOver(): void {
    leftMs();
    lost.signal.throwIfAborted();
  }

  async function extendAgain(): Promise<void> {
    const sentAt = stopwatch.elapsedMs();
    const answer = await extend().catch(() => "no answer" as const);
    if (isOver) return;
    if (answer === false) return lose("the task's lock is no longer ours");
    if (answer === true) {
      endsAt = leaseEndsAt(times, sentAt);
      resolve({ signal: lost.signal, throwIfOver, release });
    }
    const next = sentAt + (answer === true ? times.everyMs : times.retryMs);
    const wait = Math.max(next - stopwatch.elapsedMs(), 0);
    timers.extension = stopwatch.after(milliseconds(wait), () => void extendAgain());
  }

  watchTheEnd();
  void extendAgain();
  return await taken;
}
