import type { ApiEvent } from "../api/events.ts";

/** One event as a line: when, what, and its measures as `name=value`. */
export function showEvent({ type, data }: ApiEvent): string {
  if (type === "gap") return "gap  events in between are no longer kept";
  const { at, ...rest } = data;
  const measures = Object.entries(rest)
    .filter(([name]) => name !== "type")
    .map(([name, value]) => `${name}=${showValue(value)}`);
  return [...(typeof at === "string" ? [at] : []), type, ...measures].join("  ");
}

function showValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.includes(" ") && typeof value === "string" ? JSON.stringify(value) : text;
}
