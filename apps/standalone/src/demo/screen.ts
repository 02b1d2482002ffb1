/** Text for people: lines, and on a terminal one line that is written over while something runs. */
import type { Writable } from "node:stream";

export interface Screen {
  /** A line that stays. */
  say(line: string): void;
  /** How far something is: written over on a terminal, else a line now and then. */
  show(line: string): void;
}

const quietMs = 5000;

/** A screen on stdout or stderr. */
export function createScreen(
  out: Writable & { readonly isTTY?: boolean; readonly columns?: number },
): Screen {
  let shown = "";
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    say(line) {
      if (out.isTTY) out.write("\r\u001b[K");
      out.write(`${line}\n`);
    },
    show(line) {
      if (line === shown) return;
      if (out.isTTY) {
        // A line that wraps could not be written over.
        out.write(`\r\u001b[K${line.slice(0, (out.columns ?? 80) - 1)}`);
      } else {
        if (performance.now() - shownAt < quietMs) return;
        out.write(`${line}\n`);
        shownAt = performance.now();
      }
      shown = line;
    },
  };
}
