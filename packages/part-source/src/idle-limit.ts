/** Time limits for bodies that hang or trickle: the AWS SDK has none once the headers are there (aws-sdk-js-v3 #8098). */
import { addAbortSignal, type Readable } from "node:stream";
import { BulkError } from "@headgate/core";

export interface IdleOptions {
  /** Longest wait for the next bytes, in milliseconds; the consumer's own time does not count. */
  readonly idleMs: number;
  /** Fewest bytes a second over each `idleMs` of waiting. Default 10,000. */
  readonly minBytesPerSecond?: number;
  readonly signal: AbortSignal;
  /** Names the object in errors. */
  readonly uri: string;
}

const defaultMinBytesPerSecond = 10_000;

/**
 * Yields a body's chunks; the body is destroyed however the iteration ends.
 * Throws ERR_SOURCE_UNREADABLE where no byte comes for `idleMs`, or fewer than the least rate in that
 * time, and the body's own errors.
 */
export async function* withIdleLimit(
  body: Readable,
  options: IdleOptions,
): AsyncGenerator<Uint8Array> {
  const { idleMs, minBytesPerSecond = defaultMinBytesPerSecond, signal, uri } = options;
  addAbortSignal(signal, body);
  const fewest = (idleMs / 1000) * minBytesPerSecond;
  let waiting = true;
  const timer = setTimeout(() => {
    if (waiting) body.destroy(stalled(uri, idleMs));
  }, idleMs);
  let waitedMs = 0;
  let seen = 0;
  let asked = performance.now();
  try {
    for await (const chunk of body) {
      waiting = false;
      waitedMs += performance.now() - asked;
      seen += chunk.byteLength;
      if (waitedMs >= idleMs) {
        if (seen < fewest) throw trickling(uri, { seen, waitedMs, minBytesPerSecond });
        waitedMs = 0;
        seen = 0;
      }
      yield chunk;
      waiting = true;
      asked = performance.now();
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
}

function stalled(uri: string, idleMs: number): BulkError {
  return new BulkError("ERR_SOURCE_UNREADABLE", `${uri} gave no byte for ${idleMs} ms`, {
    fields: { uri, idleMs },
  });
}

function trickling(
  uri: string,
  rate: { readonly seen: number; readonly waitedMs: number; readonly minBytesPerSecond: number },
): BulkError {
  const waitedMs = Math.round(rate.waitedMs);
  return new BulkError(
    "ERR_SOURCE_UNREADABLE",
    `${uri} gave ${rate.seen} bytes in ${waitedMs} ms of waiting; at least ${rate.minBytesPerSecond} a second are needed`,
    { fields: { uri, bytesSeen: rate.seen, waitedMs, minBytesPerSecond: rate.minBytesPerSecond } },
  );
}
