/**
 * Instants of cron expressions in a time zone. cron-parser says which civil times an expression
 * means; core's time-zone.ts says which instants those are, so that over a change of clocks each
 * civil time comes exactly once. (cron-parser's own zones leave out the night whose midnight is
 * skipped, as in Santiago, and what falls into Lord Howe's gap of half an hour.)
 */
import {
  BulkError,
  civilDateOf,
  civilTimeAt,
  type EpochMs,
  epochMs,
  instantOf,
  isTimeZone,
} from "@headgate/core";
import { type CronDate, type CronExpression, CronExpressionParser } from "cron-parser";

/** When a schedule's instants are. */
export interface Timing {
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** Longer than any change of clocks; the longest is two hours, at Troll. */
const jumpMs = 3 * 3_600_000;

/** Throws ERR_REQUEST_INVALID, its field `cron` or `timeZone`, unless instants can be worked out. */
export function checkTiming({ cron, timeZone }: Timing): void {
  if (!isTimeZone(timeZone))
    throw invalid("timeZone", `"${timeZone}" is no IANA time zone such as Europe/Oslo or UTC`);
  if (civilTime(civilTimes(cron, 0), "next") === undefined)
    throw invalid("cron", `"${cron}" has no instant`);
}

/** The instants after `from` up to and including `to`, earliest first; the last `most` of them. */
export function dueInstants(
  { cron, timeZone }: Timing,
  span: { readonly from: EpochMs; readonly to: EpochMs },
  most: number,
): readonly EpochMs[] {
  const first = civilTimeAt(span.from, timeZone) - jumpMs;
  const times = civilTimes(cron, civilTimeAt(span.to, timeZone) + jumpMs);
  const found = new Set<EpochMs>();
  while (found.size < most) {
    const civil = civilTime(times, "prev");
    if (civil === undefined || civil < first) break;
    const instant = instantOf(civil, timeZone);
    if (instant > span.from && instant <= span.to) found.add(instant);
  }
  return inOrder(found);
}

/** The next `count` instants after `from`, earliest first. */
export function nextInstants(
  { cron, timeZone }: Timing,
  from: EpochMs,
  count: number,
): readonly EpochMs[] {
  const times = civilTimes(cron, civilTimeAt(from, timeZone) - jumpMs);
  const found = new Set<EpochMs>();
  for (;;) {
    const civil = civilTime(times, "next");
    if (civil === undefined) break;
    // A civil time that is left out means a later instant than some that follow it.
    if (found.size >= count && civil > civilTimeAt(epochMs(Math.max(...found)), timeZone)) break;
    const instant = instantOf(civil, timeZone);
    if (instant > from) found.add(instant);
  }
  return inOrder(found).slice(0, count);
}

/** The date in the time zone at an instant. */
export function dateAt(instant: EpochMs, timeZone: string): string {
  return civilDateOf(civilTimeAt(instant, timeZone));
}

/** Goes through the expression's civil times from `civilMs` on, in either direction. */
function civilTimes(cron: string, civilMs: number): CronExpression {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6)
    throw invalid(
      "cron",
      `"${cron}" has ${fields.length} fields; it must have 5, or 6 with seconds`,
    );
  if (fields.some((field) => /(^|[,/-])H/i.test(field)))
    throw invalid("cron", `"${cron}" has an H, which means a time by chance`);
  try {
    return CronExpressionParser.parse(fields.join(" "), {
      tz: "UTC",
      currentDate: new Date(civilMs),
    });
  } catch (error) {
    throw invalid("cron", `"${cron}" cannot be read: ${(error as Error).message}`);
  }
}

/** One step; undefined where cron-parser finds no further time, such as of 30 February. */
function civilTime(times: CronExpression, step: "next" | "prev"): number | undefined {
  let date: CronDate;
  try {
    date = times[step]();
  } catch {
    return undefined;
  }
  return date.getTime();
}

function inOrder(instants: ReadonlySet<EpochMs>): readonly EpochMs[] {
  return [...instants].toSorted((a, b) => a - b);
}

function invalid(field: string, problem: string): BulkError {
  return new BulkError("ERR_REQUEST_INVALID", `${field}: ${problem}`, { fields: { field } });
}
