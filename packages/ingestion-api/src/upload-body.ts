/** A request body of known length that can be opened again for another try. */
import { BulkError, type Bytes } from "@headgate/core";

/** What an upload sends. */
export interface UploadBody {
  /** Exact length; sent as Content-Length. */
  readonly bytes: Bytes;
  /**
   * Opens the body from its start. Chunks must keep their contents after the next one was taken.
   * The signal is aborted once the bytes are not needed any more.
   */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What is seen of a body on its way out. */
export interface BodyProgress {
  /** All bytes have been handed over. */
  complete: boolean;
  /** What the body itself failed with; a failure after the signal's abort is not the body's own. */
  fault?: { readonly error: unknown };
}

interface BodyContext {
  readonly signal: AbortSignal;
  readonly progress: BodyProgress;
  /** Runs whenever bytes were read or are handed over. */
  onMove(): void;
}

/**
 * Yields the body's bytes in slices of at most 256 KiB and keeps `progress`. Each chunk is held back
 * until the next one is there, and the last until the body has ended at its promised length: a body
 * that is short, long or faulty never goes out whole, so the server can never take it for a good one.
 * Throws ERR_SOURCE_TRUNCATED for a short body and ERR_SOURCE_CHANGED for a long one, with
 * `bytes` and `expectedBytes`.
 */
export async function* exactSlices(
  body: UploadBody,
  context: BodyContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { progress, onMove } = context;
  let sent = 0;
  function* handOver(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let from = 0; from < chunk.byteLength; from += maxSliceBytes) {
      const slice = chunk.subarray(from, from + maxSliceBytes);
      sent += slice.byteLength;
      progress.complete = sent === body.bytes;
      onMove();
      yield slice;
    }
  }
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of exactSource(body, context)) {
    yield* handOver(held);
    held = chunk;
  }
  if (body.bytes === 0) progress.complete = true;
  yield* handOver(held);
}

/** Apart from exactSlices, so that an error thrown into that by its reader is not taken for the body's. */
async function* exactSource(
  body: UploadBody,
  { signal, progress, onMove }: BodyContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  onMove();
  try {
    for await (const chunk of body.open(signal)) {
      onMove();
      seen += chunk.byteLength;
      if (seen > body.bytes) throw lengthError("ERR_SOURCE_CHANGED", seen, body.bytes);
      if (chunk.byteLength > 0) yield chunk;
    }
    if (seen < body.bytes) throw lengthError("ERR_SOURCE_TRUNCATED", seen, body.bytes);
  } catch (error) {
    if (!signal.aborted) progress.fault = { error };
    throw error;
  }
}

/** Small enough for slow connections to show that they move. */
const maxSliceBytes = 256 * 1024;

function lengthError(
  code: "ERR_SOURCE_CHANGED" | "ERR_SOURCE_TRUNCATED",
  seen: number,
  expected: Bytes,
): BulkError {
  const comparison = code === "ERR_SOURCE_CHANGED" ? "more" : "fewer";
  return new BulkError(code, `upload body: ${comparison} bytes than the ${expected} promised`, {
    fields: { bytes: seen, expectedBytes: expected },
  });
}
