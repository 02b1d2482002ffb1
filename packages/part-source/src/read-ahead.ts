/**
 * Joins stretches of known length into one stream, and starts the next stretch while the last bytes
 * of the current one are on their way, so that a body does not stand still for a round trip at each seam.
 */

/** Part of a stream: `open` yields `bytes` bytes, or throws. */
export interface Stretch {
  readonly bytes: number;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A stretch whose first chunk has been asked for. */
interface Opened {
  readonly chunks: AsyncIterator<Uint8Array>;
  readonly first: Promise<IteratorResult<Uint8Array>>;
}

/**
 * Yields the stretches' bytes one after another. The next stretch is opened when at most
 * `aheadBytes` of the current one are missing. Leaving early, an error, or the signal ends both.
 */
export async function* joinStretches(
  stretches: readonly Stretch[],
  { aheadBytes, signal }: { readonly aheadBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const opened: Opened[] = [];
  try {
    for (const [index, stretch] of stretches.entries()) {
      const current = opened.shift() ?? open(stretch, either);
      opened.unshift(current);
      const following = stretches[index + 1];
      let missing = stretch.bytes;
      let result = await current.first;
      while (result.done !== true) {
        missing -= result.value.byteLength;
        if (missing <= aheadBytes && following !== undefined && opened.length === 1) {
          opened.push(open(following, either));
        }
        yield result.value;
        result = await current.chunks.next();
      }
      opened.shift();
    }
  } finally {
    stop.abort();
    // A chunk asked for ahead fails by the abort just given, and nobody waits for it any more.
    await Promise.allSettled(opened.map(({ chunks }) => chunks.return?.()));
  }
}

function open(stretch: Stretch, signal: AbortSignal): Opened {
  const chunks = stretch.open(signal)[Symbol.asyncIterator]();
  const first = chunks.next();
  first.catch(() => {});
  return { chunks, first };
}
