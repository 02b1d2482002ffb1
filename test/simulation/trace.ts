/** What is kept of what happened: nothing, which is the fastest, a hash of it, or that and the lines. */
export type TraceKind = "nothing" | "hash" | "lines";

/** What happened in a run, line by line. */
export interface Trace {
  readonly kind: TraceKind;
  add(line: string): void;
  /** Of all lines so far, in 16 hex digits. */
  hash(): string;
  readonly lines: readonly string[];
}

/** `now` dates the lines. */
export function createTrace(now: () => number, kind: TraceKind): Trace {
  const lines: string[] = [];
  let [first, second] = [1, 2];
  let lastNow = 0;
  /** Two hashes in one pass, which is most of what a trace costs. */
  function hash(text: string): void {
    let [a, b] = [first, second];
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b);
    }
    first = a ^ (a >>> 15);
    second = b ^ (b >>> 13);
  }
  return {
    kind,
    add(line) {
      if (kind === "nothing") return;
      if (now() !== lastNow) hash(String(now()));
      lastNow = now();
      hash(line);
      if (kind === "lines") lines.push(`${new Date(now()).toISOString().slice(5, 23)} ${line}`);
    },
    hash: () => [first, second].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(""),
    lines,
  };
}
