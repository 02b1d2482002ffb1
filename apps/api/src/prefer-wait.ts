/** The header `Prefer: wait=N` of RFC 7240: the client would rather wait for the end than ask again. */
import { setTimeout as delay } from "node:timers/promises";

const longestWaitSeconds = 30;
const firstLookMs = 100;
const longestLookMs = 1000;

/** Seconds that the client is ready to wait: 0 to 30, 0 where it does not say. */
export function waitOf(header: string | readonly string[] | undefined): number {
  const text = typeof header === "string" ? header : (header?.join(",") ?? "");
  const seconds = /(?:^|,)\s*wait=(\d{1,6})\s*(?:$|[,;])/i.exec(text)?.[1];
  return Math.min(Number(seconds ?? 0), longestWaitSeconds);
}

/** Looks until what it sees is settled, the time is over or the signal aborts; gives what it saw last. */
export async function lookUntil<Seen>(
  look: () => Promise<Seen>,
  options: {
    readonly isSettled: (seen: Seen) => boolean;
    readonly seconds: number;
    readonly signal: AbortSignal;
  },
): Promise<Seen> {
  const { isSettled, seconds, signal } = options;
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  let seen = await look();
  for (let pauseMs = firstLookMs; seconds > 0 && !isSettled(seen) && !over.aborted; pauseMs *= 2) {
    await delay(Math.min(pauseMs, longestLookMs), undefined, { signal: over }).catch(
      () => undefined,
    );
    seen = await look();
  }
  return seen;
}
