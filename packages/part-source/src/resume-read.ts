/**
 * Reads a range to its end over a connection that may break: each time it is opened again at the byte
 * reached, so what was yielded stands and nothing is yielded twice.
 */
import { BulkError, type ByteRange, bytes, isBulkError } from "@headgate/core";
import type { RetryWait } from "./retry.ts";

export interface ResumeOptions {
  /** Opens the rest of the range, throwing ERR_SOURCE_UNREADABLE where another try may help. */
  readonly open: (rest: ByteRange) => AsyncIterable<Uint8Array>;
  /** Most openings of one range. */
  readonly maxTries: number;
  readonly wait: RetryWait;
  readonly signal: AbortSignal;
  /** Names the object in errors. */
  readonly uri: string;
}

/**
 * Yields exactly the range. Throws ERR_SOURCE_TRUNCATED after `maxTries` early ends, ERR_SOURCE_CHANGED
 * where there is more than was asked for, the last error of `open` after `maxTries`, and the signal's reason.
 */
export async function* resumeRead(
  range: ByteRange,
  options: ResumeOptions,
): AsyncGenerator<Uint8Array> {
  const { open, maxTries, wait, signal, uri } = options;
  let reached: number = range.from;
  for (let tries = 1; reached < range.to; tries += 1) {
    try {
      for await (const chunk of open({ from: bytes(reached), to: range.to })) {
        signal.throwIfAborted();
        if (chunk.byteLength > range.to - reached) throw tooLong(range, uri);
        reached += chunk.byteLength;
        yield chunk;
      }
      if (reached < range.to) throw truncated(range, { reached, uri });
    } catch (error) {
      signal.throwIfAborted();
      const mayHelp = isBulkError(error, "ERR_SOURCE_UNREADABLE", "ERR_SOURCE_TRUNCATED");
      if (!mayHelp || (tries >= maxTries && reached < range.to)) throw error;
      if (reached < range.to) await wait(tries, signal);
    }
  }
}

function tooLong(range: ByteRange, uri: string): BulkError {
  const asked = range.to - range.from;
  return new BulkError("ERR_SOURCE_CHANGED", `${uri} gave more than the ${asked} bytes asked for`, {
    fields: { uri, bytesAsked: asked },
  });
}

function truncated(
  range: ByteRange,
  { reached, uri }: { readonly reached: number; readonly uri: string },
): BulkError {
  return new BulkError(
    "ERR_SOURCE_TRUNCATED",
    `${uri} ended at byte ${reached}; ${range.to} was promised`,
    { fields: { uri, endedAt: reached, promised: range.to } },
  );
}
