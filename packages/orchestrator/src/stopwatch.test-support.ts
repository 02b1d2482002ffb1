/** A stopwatch that stands still until the test moves it. */
import type { Stopwatch } from "./ports.ts";

export interface TestStopwatch extends Stopwatch {
  /** Moves on, deadline after deadline, and lets what they woke run before the next. */
  move(ms: number): Promise<void>;
}

export function stopwatchOfTest(): TestStopwatch {
  let now = 0;
  const deadlines = new Map<AbortController, number>();
  function firstUpTo(end: number): [AbortController, number] | undefined {
    const [first] = [...deadlines].toSorted(([, a], [, b]) => a - b);
    return first !== undefined && first[1] <= end ? first : undefined;
  }
  return {
    elapsedMs: () => now,
    deadline(ms) {
      const control = new AbortController();
      deadlines.set(control, now + ms);
      return control.signal;
    },
    async move(ms) {
      await new Promise(setImmediate);
      const end = now + ms;
      for (let due = firstUpTo(end); due !== undefined; due = firstUpTo(end)) {
        const [control, at] = due;
        deadlines.delete(control);
        now = Math.max(now, at);
        control.abort(new DOMException("time is up", "TimeoutError"));
        await new Promise(setImmediate);
      }
      now = end;
      await new Promise(setImmediate);
    },
  };
}
