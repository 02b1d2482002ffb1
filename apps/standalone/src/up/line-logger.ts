/** The log of `headgate up`: one readable line an entry, as people watch it in a terminal. */
import { type Logger, pino } from "pino";

/** Takes one line. */
export type Log = (line: string) => void;

/** What pino adds to each entry, and a line tells otherwise or not at all. */
const ownProperties = new Set(["level", "time", "pid", "hostname", "name", "msg"]);
const words: Readonly<Record<number, string>> = { 40: "WARN ", 50: "ERROR ", 60: "FATAL " };

/** A logger whose entries become lines such as `12:03:04 load.planned loadId=default.9f3c parts=3`. */
export function createLineLogger(level: string, log: Log): Logger {
  return pino(
    { level, base: null },
    {
      write(text: string): void {
        const entry: Readonly<Record<string, unknown>> = JSON.parse(text);
        const time = new Date(Number(entry.time)).toISOString().slice(11, 19);
        const measures = Object.entries(entry)
          .filter(([name]) => !ownProperties.has(name))
          .map(([name, value]) => `${name}=${wordOf(value)}`);
        log([time, `${words[Number(entry.level)] ?? ""}${entry.msg}`, ...measures].join(" "));
      },
    },
  );
}

function wordOf(value: unknown): string {
  if (typeof value === "string" && !/[\s"]/.test(value)) return value;
  const error = Object(value);
  // A line has no place for a stack.
  return JSON.stringify(typeof error.stack === "string" ? error.message : value);
}
