/** The two headers of an answer that say something about time. */
import { type EpochMs, epochMs, type Milliseconds, milliseconds } from "@headgate/core";

type HeaderValue = string | readonly string[] | undefined;

/** Retry-After is honoured up to this: 24 hours. */
export const maxRetryAfterMs: Milliseconds = milliseconds(24 * 3600 * 1000);

/** The server's clock from `Date`, whole seconds; undefined where absent or no date. */
export function answerDate(header: HeaderValue): EpochMs | undefined {
  return typeof header === "string" ? parseDate(header) : undefined;
}

/**
 * The wait that `Retry-After` asks for, as seconds or as a date held against the same answer's
 * `Date`; undefined where absent, malformed, or a date without `Date`. Never negative, at most 24 h.
 * Source: RFC 9110, section 10.2.3.
 */
export function retryAfterMs(
  header: HeaderValue,
  date: EpochMs | undefined,
): Milliseconds | undefined {
  if (typeof header !== "string") return undefined;
  if (/^\s*[0-9]+\s*$/.test(header)) return bounded(Number(header) * 1000);
  const until = parseDate(header);
  return until === undefined || date === undefined ? undefined : bounded(until - date);
}

function bounded(span: number): Milliseconds {
  return milliseconds(Math.min(Math.max(span, 0), maxRetryAfterMs));
}

/** IMF-fixdate only, the one form that senders may use. */
function parseDate(text: string): EpochMs | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) {
    return undefined;
  }
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : epochMs(instant);
}
