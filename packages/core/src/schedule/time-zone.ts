/**
 * Civil time in a time zone. A civil time counts milliseconds as if its zone were UTC, so that one
 * hour of it is always the same number. Rules of the zones come with the runtime (IANA).
 *
 * Where clocks change: a civil time that comes twice means the first, unless both are asked for; one
 * that is left out means the instant as long after the change as it would have been without it, so
 * 02:30 is 03:30. These are the rules of RFC 5545 and of `disambiguation: "compatible"` in Temporal.
 */
import { type EpochMs, epochMs } from "../units.ts";

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether the runtime knows a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What clocks in the zone show at an instant, to the second. */
export function civilTimeAt(instant: EpochMs, timeZone: string): number {
  const parts = new Map<string, number>();
  for (const { type, value } of formatOf(timeZone).formatToParts(instant))
    parts.set(type, Number(value));
  const of = (type: string): number => parts.get(type) ?? 0;
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
}

/** The instants of a civil time of whole seconds, in order: one, or two where it comes twice. */
export function instantsOf(
  civilMs: number,
  timeZone: string,
): readonly [EpochMs] | readonly [EpochMs, EpochMs] {
  // No zone is a whole day from UTC, so a change near the civil time lies between these two.
  const before = offsetAt(civilMs - dayMs, timeZone);
  const after = offsetAt(civilMs + dayMs, timeZone);
  const first = epochMs(civilMs - Math.max(before, after));
  const last = epochMs(civilMs - Math.min(before, after));
  const isShown = (instant: EpochMs): boolean => civilTimeAt(instant, timeZone) === civilMs;
  if (isShown(first)) return last > first && isShown(last) ? [first, last] : [first];
  return [isShown(last) ? last : epochMs(civilMs - before)];
}

function offsetAt(instant: number, timeZone: string): number {
  return civilTimeAt(epochMs(instant), timeZone) - Math.floor(instant / 1000) * 1000;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formats.set(timeZone, format);
  return format;
}
