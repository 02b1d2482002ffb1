/**
 * Ranges of converted objects. A converted stream can only be read from its start, so the pass that
 * has just yielded up to byte N of an object is parked and waits for the read that goes on there:
 * part after part of one large file costs one pass over it. A read elsewhere begins a pass of its
 * own and throws away what comes before its range.
 */
import { BulkError, type ByteRange, type SourceObject } from "@headgate/core";
import type { SourceOptions, SourceStore } from "./source-store.ts";

export interface ConvertedReadsOptions {
  /** Yields the whole object after its conversion. */
  readonly convertWhole: (
    object: SourceObject,
    options: SourceOptions,
  ) => AsyncIterable<Uint8Array>;
  /** Throws ERR_SOURCE_CHANGED where the object is no longer the pinned one. */
  readonly checkPinned: (object: SourceObject, options: SourceOptions) => Promise<void>;
  /** Passes parked at a time; one more ends the one parked longest. */
  readonly maxParked: number;
  /** How long a pass stays parked, in milliseconds. */
  readonly parkedMs: number;
}

export interface ConvertedReads {
  /** Yields exactly the range of the converted bytes; leaving early releases everything. */
  readonly read: SourceStore["read"];
  /** Releases what is parked; reads under way go on. */
  close(): Promise<void>;
}

/** One way through a converted object. */
interface Pass {
  readonly key: string;
  readonly chunks: AsyncIterator<Uint8Array>;
  readonly stop: AbortController;
  /** Converted byte that `rest` begins with. */
  at: number;
  rest: Uint8Array;
}

export function createConvertedReads(options: ConvertedReadsOptions): ConvertedReads {
  const { convertWhole, checkPinned, maxParked, parkedMs } = options;
  const parked = new Map<Pass, NodeJS.Timeout>();

  function begin(object: SourceObject): Pass {
    const stop = new AbortController();
    const chunks = convertWhole(object, { signal: stop.signal })[Symbol.asyncIterator]();
    return { key: keyOf(object), chunks, stop, at: 0, rest: noBytes };
  }

  /** The parked pass that is nearest before the byte. */
  function unpark(key: string, from: number): Pass | undefined {
    const [pass] = [...parked.keys()]
      .filter((one) => one.key === key && one.at <= from)
      .sort((a, b) => b.at - a.at);
    if (pass === undefined) return undefined;
    clearTimeout(parked.get(pass));
    parked.delete(pass);
    return pass;
  }

  async function park(pass: Pass): Promise<void> {
    const timer = setTimeout(() => {
      parked.delete(pass);
      void release(pass);
    }, parkedMs);
    timer.unref();
    parked.set(pass, timer);
    const [oldest] = parked.keys();
    if (parked.size <= maxParked || oldest === undefined) return;
    clearTimeout(parked.get(oldest));
    parked.delete(oldest);
    await release(oldest);
  }

  async function* read(object: SourceObject, range: ByteRange, { signal }: SourceOptions) {
    if (range.from > range.to) throw new RangeError(`range ${range.from} to ${range.to}`);
    signal.throwIfAborted();
    if (range.from === range.to) return;
    const pass = unpark(keyOf(object), range.from) ?? begin(object);
    const stop = () => pass.stop.abort(signal.reason);
    signal.addEventListener("abort", stop);
    let goesOn = false;
    try {
      while (pass.at < range.to) {
        if (!(await fill(pass))) throw endedEarly(object, range, pass.at);
        const skipped = take(pass, range.from - pass.at);
        if (skipped.byteLength > 0) continue;
        const chunk = take(pass, range.to - pass.at);
        if (pass.at === range.to) {
          goesOn = await fill(pass);
          // The store looks at the object again where its own read ends, which this one does not reach.
          if (goesOn) await checkPinned(object, { signal });
        }
        yield chunk;
        signal.throwIfAborted();
      }
    } catch (error) {
      goesOn = false;
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      if (goesOn) await park(pass);
      else await release(pass);
    }
  }

  return {
    read,
    async close() {
      const passes = [...parked.keys()];
      for (const timer of parked.values()) clearTimeout(timer);
      parked.clear();
      await Promise.all(passes.map(release));
    },
  };
}

const noBytes = new Uint8Array(0);

/** Makes sure that there are bytes to take; false at the end. */
async function fill(pass: Pass): Promise<boolean> {
  while (pass.rest.byteLength === 0) {
    const next = await pass.chunks.next();
    if (next.done === true) return false;
    pass.rest = next.value;
  }
  return true;
}

/** Takes at most so many of the bytes at hand. */
function take(pass: Pass, most: number): Uint8Array {
  const taken = pass.rest.subarray(0, Math.max(0, most));
  pass.rest = pass.rest.subarray(taken.byteLength);
  pass.at += taken.byteLength;
  return taken;
}

async function release({ chunks, stop }: Pass): Promise<void> {
  stop.abort();
  // A chunk asked for ends by the abort just given; nobody waits for it any more.
  await Promise.allSettled([chunks.return?.()]);
}

function keyOf({ uri, bytes, pin, conversion }: SourceObject): string {
  return JSON.stringify([uri, bytes, pin, conversion]);
}

function endedEarly({ uri }: SourceObject, range: ByteRange, endedAt: number): BulkError {
  return new BulkError(
    "ERR_SOURCE_CHANGED",
    `${uri} converts to ${endedAt} bytes; byte ${range.to} was planned`,
    { fields: { uri, endedAt, planned: range.to } },
  );
}
