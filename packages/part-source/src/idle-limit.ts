/** A time limit for bodies that hang: the AWS SDK has none once the headers are there (aws-sdk-js-v3 #8098). */
import { addAbortSignal, type Readable } from "node:stream";
import { BulkError } from "@headgate/core";

export interface IdleOptions {
  /** Longest wait for the next bytes, in milliseconds; the consumer's own time does not count. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** Names the object in errors. */
  readonly uri: string;
}

/**
 * Yields a body's chunks; the body is destroyed however the iteration ends.
 * Throws ERR_SOURCE_UNREADABLE where no byte comes for `idleMs`, and the body's own errors.
 */
export async function* withIdleLimit(
  body: Readable,
  options: IdleOptions,
): AsyncGenerator<Uint8Array> {
  const { idleMs, signal, uri } = options;
  addAbortSignal(signal, body);
  let waiting = true;
  const timer = setTimeout(() => {
    if (waiting) body.destroy(stalled(uri, idleMs));
  }, idleMs);
  try {
    for await (const chunk of body) {
      waiting = false;
      yield chunk;
      waiting = true;
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
