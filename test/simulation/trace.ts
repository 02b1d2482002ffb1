/** What happened in a run, line by line: a hash of all of it, and the lines themselves where asked for. */
import { fnv1a } from "./random.ts";

export interface Trace {
  add(line: string): void;
  /** Of all lines so far, in 16 hex digits. */
  hash(): string;
  readonly lines: readonly string[];
}

/** `now` dates the lines; they are kept only where `keep` says so. */
export function createTrace(now: () => number, keep: boolean): Trace {
  const lines: string[] = [];
  let [first, second] = [1, 2];
  return {
    add(line) {
      const dated = `${now()} ${line}`;
      first = fnv1a(dated, first);
      second = fnv1a(dated, second);
      if (keep) lines.push(`${new Date(now()).toISOString().slice(5, 23)} ${line}`);
    },
    hash: () => [first, second].map((word) => word.toString(16).padStart(8, "0")).join(""),
    lines,
  };
}
