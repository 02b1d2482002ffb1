/**
 * Instants of cron expressions in a time zone. cron-parser says which civil times an expression
 * means; core's time-zone.ts says which instants those are. Over a change of clocks each civil time
 * comes exactly once where the expression names hours, as "30 2 * * *" does; where its hours begin with
 * a star it means a pace, and runs in both of two equal hours, as in other crons. (cron-parser's own zones leave out the night whose midnight is
 * skipped, as in Santiago, and what falls into Lord Howe's gap of half an hour.)
 */
import {
  BulkError,
  civilDateOf,
  civilTimeAt,
  type EpochMs,
  epochMs,
  instantsOf,
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

/**
 * Throws ERR_REQUEST_INVALID, its field `cron` or `timeZone`, unless instants can be worked out and
 * are no more than 1,440 a day.
 */
export function checkTiming({ cron, timeZone }: Timing): void {
  if (!isTimeZone(timeZone))
    throw invalid("timeZone", `"${timeZone}" is no IANA time zone such as Europe/Oslo or UTC`);
  const times = civilTimes(cron, 0);
  const { second, minute, hour } = times.fields;
  const perDay = second.values.length * minute.values.length * hour.values.length;
  if (perDay > mostPerDay)
    throw invalid("cron", `"${cron}" has ${perDay} instants a day; ${mostPerDay} are allowed`);
  if (civilTime(times, "next") === undefined) throw invalid("cron", `"${cron}" has no instant`);
}

/** Instants that a day may have: one a minute. Each leaves the record of a run, be it of one that was skipped. */
const mostPerDay = 1440;

/** The instants after `from` up to and including `to`, earliest first; the last `most` of them. */
export function dueInstants(
  { cron, timeZone }: Timing,
  span: { readonly from: EpochMs; readonly to: EpochMs },
  most: number,
): readonly EpochMs[] {
  const first = Math.min(...shownAround(span.from, timeZone));
  const times = civilTimes(cron, Math.max(...shownAround(span.to, timeZone)) + 1);
  const found = new Set<EpochMs>();
  for (;;) {
    const civil = civilTime(times, "prev");
    if (civil === undefined || civil < first) break;
    if (found.size >= most && civil < Math.min(...shownAround(earliest(found), timeZone))) break;
    for (const instant of instantsFor(cron, civil, timeZone))
      if (instant > span.from && instant <= span.to) found.add(instant);
  }
  return inOrder(found).slice(-most);
}

/** The next `count` instants after `from`, earliest first. */
export function nextInstants(
  { cron, timeZone }: Timing,
  from: EpochMs,
  count: number,
): readonly EpochMs[] {
  const times = civilTimes(cron, Math.min(...shownAround(from, timeZone)) - 1);
  const found = new Set<EpochMs>();
  for (;;) {
    const civil = civilTime(times, "next");
    if (civil === undefined) break;
    if (found.size >= count && civil > Math.max(...shownAround(latest(found), timeZone))) break;
    for (const instant of instantsFor(cron, civil, timeZone))
      if (instant > from) found.add(instant);
  }
  return inOrder(found).slice(0, count);
}

/** Instants that a civil time of the expression stands for. */
function instantsFor(cron: string, civil: number, timeZone: string): readonly EpochMs[] {
  const instants = instantsOf(civil, timeZone);
  const hours = fieldsOf(cron).at(-4);
  return hours?.startsWith("*") ? instants : instants.slice(0, 1);
}

/**
 * What clocks show at an instant, and what they would show had a change shortly before or after it not
 * come or come already. Near a change civil times and instants are not in the same order: beyond the
 * least and the greatest of these they are.
 */
function shownAround(instant: EpochMs, timeZone: string): readonly number[] {
  return [-jumpMs, 0, jumpMs].map((ms) => civilTimeAt(epochMs(instant + ms), timeZone) - ms);
}

/** The date in the time zone at an instant. */
export function dateAt(instant: EpochMs, timeZone: string): string {
  return civilDateOf(civilTimeAt(instant, timeZone));
}

/** Goes through the expression's civil times from `civilMs` on, in either direction. */
function civilTimes(cron: string, civilMs: number): CronExpression {
  const fields = fieldsOf(cron);
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

function fieldsOf(cron: string): readonly string[] {
  return cron.trim().split(/\s+/);
}

function earliest(instants: ReadonlySet<EpochMs>): EpochMs {
  return epochMs(Math.min(...instants));
}

function latest(instants: ReadonlySet<EpochMs>): EpochMs {
  return epochMs(Math.max(...instants));
}

function inOrder(instants: ReadonlySet<EpochMs>): readonly EpochMs[] {
  return [...instants].toSorted((a, b) => a - b);
}

function invalid(field: string, problem: string): BulkError {
  return new BulkError("ERR_REQUEST_INVALID", `${field}: ${problem}`, { fields: { field } });
}
