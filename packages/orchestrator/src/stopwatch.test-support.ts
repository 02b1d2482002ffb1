/** A stopwatch that stands still until the test moves it. */
import type { Stopwatch } from "./ports.ts";

export interface TestStopwatch extends Stopwatch {
  /** Time passes without a turn for any timer, as it does for a process that was stopped. */
  jump(ms: number): void;
  /** Moves on, timer after timer, and lets what they woke run before the next. */
  move(ms: number): Promise<void>;
}

export function stopwatchOfTest(): TestStopwatch {
  let now = 0;
  const timers = new Map<() => void, number>();
  function firstUpTo(end: number): [() => void, number] | undefined {
    const [first] = [...timers].toSorted(([, a], [, b]) => a - b);
    return first !== undefined && first[1] <= end ? first : undefined;
  }
  function after(ms: number, run: () => void): () => void {
    const timer = (): void => run();
    timers.set(timer, now + ms);
    return () => void timers.delete(timer);
  }
  return {
    elapsedMs: () => now,
    jump(ms) {
      now += ms;
    },
    after,
    deadline(ms) {
      const control = new AbortController();
      after(ms, () => control.abort(new DOMException("time is up", "TimeoutError")));
      return control.signal;
    },
    async move(ms) {
      await new Promise(setImmediate);
      const end = now + ms;
      for (let due = firstUpTo(end); due !== undefined; due = firstUpTo(end)) {
        const [run, at] = due;
        timers.delete(run);
        now = Math.max(now, at);
        run();
        await new Promise(setImmediate);
      }
      now = end;
      await new Promise(setImmediate);
    },
  };
}
