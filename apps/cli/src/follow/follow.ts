/** Asks again and again until something has ended, whatever happens to the API meanwhile. */
import { pause } from "../api/api-client.ts";
import type { ApiSession } from "../command-context.ts";
import { CliError, isCliError } from "../errors.ts";

/** Something that is waited for. */
export interface Followed<View> {
  readonly first: View;
  /** The API's newest view of it. */
  readonly ask: (signal: AbortSignal) => Promise<View>;
  readonly isOver: (view: View) => boolean;
  /** Tells how far it is. */
  readonly show: (view: View) => void;
  /** What to do when the wait ends early, such as `load x goes on; look at it with: …`. */
  readonly goesOn: string;
  /** Seconds until the wait is given up, if ever. */
  readonly timeoutSeconds: number | undefined;
  /** Longest time between two questions. */
  readonly longestPollMs?: number;
}

const firstPollMs = 250;
/** An API that was away this long is given up. */
const longestAwayMs = 10 * 60_000;

/**
 * Gives the last view. An API that is away for less than ten minutes does not end the wait. Whatever
 * ends it early leaves a note that the thing goes on. Throws CliError: timed-out, and what `ask`
 * throws.
 */
export async function follow<View>(session: ApiSession, what: Followed<View>): Promise<View> {
  const { terminal } = session;
  const longestPollMs = what.longestPollMs ?? 5_000;
  const signal = withTimeout(session.signal, what.timeoutSeconds);
  let pollMs = firstPollMs;
  let awaySince: number | undefined;
  let seen = what.first;
  try {
    while (!what.isOver(seen)) {
      what.show(seen);
      await pause(pollMs, signal);
      pollMs = Math.min(pollMs * 1.5, longestPollMs);
      try {
        seen = await what.ask(signal);
        awaySince = undefined;
      } catch (error) {
        if (!isCliError(error, "unavailable")) throw error;
        awaySince ??= performance.now();
        if (performance.now() - awaySince > longestAwayMs) throw error;
        terminal.note(`${error.message}; still waiting for the API`);
      }
    }
  } catch (error) {
    terminal.note(what.goesOn);
    throw error;
  }
  what.show(seen);
  return seen;
}

function withTimeout(signal: AbortSignal, seconds: number | undefined): AbortSignal {
  if (seconds === undefined) return signal;
  const late = new AbortController();
  const why = new CliError("timed-out", `not over within the ${seconds} s of --timeout`);
  setTimeout(() => late.abort(why), seconds * 1000).unref();
  return AbortSignal.any([signal, late.signal]);
}
