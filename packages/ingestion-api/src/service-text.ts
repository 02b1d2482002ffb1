/** Words of a remote service, made fit to stand in an error message. */

/** Longest quotation, in characters. */
const maxQuotedCharacters = 200;

/**
 * One line of at most 200 characters, without control characters. Unbroken runs of 40 or more
 * characters that tokens are made of become `***`, so that an echoed credential goes no further.
 */
export function quoteServiceText(text: string): string {
  const line = text
    .slice(0, 4096)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[A-Za-z0-9_.!~+=-]{40,}/g, "***")
    .trim();
  return line.length > maxQuotedCharacters ? `${line.slice(0, maxQuotedCharacters)}…` : line;
}
