/** Calendar dates as `yyyy-MM-dd`, without a time or a zone, in the Gregorian calendar. */

const dayMs = 86_400_000;

/** Whether a text is a date that exists, such as 2028-02-29 and not 2027-02-29. */
export function isCivilDate(text: string): boolean {
  const instant = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(instant) && civilDateOf(instant) === text;
}

/** The date of a civil time, which counts milliseconds as if its zone were UTC. */
export function civilDateOf(civilMs: number): string {
  return new Date(civilMs).toISOString().slice(0, 10);
}

/** The date so many days later, or earlier where negative. */
export function addDays(date: string, days: number): string {
  return civilDateOf(Date.parse(`${date}T00:00:00Z`) + days * dayMs);
}

/** Days from one date to another; negative where the second is earlier. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayMs;
}
