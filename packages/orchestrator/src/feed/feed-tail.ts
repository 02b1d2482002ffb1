/** The newest entries of the feed, read once for all followers of a process. */
import { once, setMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Redis } from "ioredis";
import { isBefore, parseEntry, type RawEntry, type StoredEntry } from "./feed-entry.ts";

/** Entries kept; a follower further behind reads from Redis itself. */
const entriesKept = 1000;
/** Longest a read waits for the next entry. */
const blockMs = 5000;
/** Pause after Redis could not be used. */
const outagePauseMs = 1000;

export interface FeedTail {
  /** The entry right before the first one kept, once there was a first read. */
  start(signal: AbortSignal): Promise<string>;
  /** Entries behind `id`; undefined where it stands before what is kept. */
  behind(id: string): readonly StoredEntry[] | undefined;
  /** Resolves with the next entries, the end of the tail, or the signal. */
  more(signal: AbortSignal): Promise<void>;
  readonly closed: boolean;
  close(): Promise<void>;
}

/** Begins to read with the first question; outlasts outages of Redis. */
export function createFeedTail(options: {
  readonly connect: () => Redis;
  readonly key: string;
}): FeedTail {
  const { key } = options;
  const kept: StoredEntry[] = [];
  const changes = new EventTarget();
  setMaxListeners(0, changes);
  const stop = new AbortController();
  let start: string | undefined;
  let newest: string | undefined;
  let reading: Promise<void> | undefined;

  async function read(redis: Redis): Promise<void> {
    while (!stop.signal.aborted)
      try {
        if (newest === undefined) {
          const [last] = await redis.xrevrange(key, "+", "-", "COUNT", 1);
          newest = last?.[0] ?? "0-0";
          start = newest;
          changes.dispatchEvent(new Event("change"));
        }
        const streams = await redis.xread(
          ...(["COUNT", entriesKept, "BLOCK", blockMs, "STREAMS", key, newest] as const),
        );
        for (const [, entries] of streams ?? []) for (const entry of entries) keep(entry);
        if (streams !== null) changes.dispatchEvent(new Event("change"));
      } catch {
        await setTimeout(outagePauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
  }

  function keep(raw: RawEntry): void {
    kept.push(parseEntry(raw));
    newest = raw[0];
    if (kept.length > entriesKept) start = kept.shift()?.id;
  }

  function begin(): void {
    if (reading !== undefined || stop.signal.aborted) return;
    const redis = options.connect();
    stop.signal.addEventListener("abort", () => redis.disconnect());
    reading = read(redis);
  }

  async function more(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, stop.signal]);
    await once(changes, "change", { signal: either }).catch(() => undefined);
  }

  return {
    async start(signal) {
      begin();
      while (start === undefined && !signal.aborted && !stop.signal.aborted) await more(signal);
      return start ?? "0-0";
    },
    behind(id) {
      if (start === undefined || isBefore(id, start)) return undefined;
      const first = kept.findIndex((stored) => isBefore(id, stored.id));
      return first < 0 ? [] : kept.slice(first);
    },
    more,
    get closed() {
      return stop.signal.aborted;
    },
    async close() {
      stop.abort();
      await reading;
    },
  };
}
