/**
 * Follows the feed of events. One blocking reader a process keeps the newest entries for all
 * followers together; a follower that is further behind reads its own way up in pages. So a slow one
 * costs no memory, and misses only what Redis has dropped meanwhile.
 */
import type { Redis } from "ioredis";
import type { EventFeed, FeedEntry } from "../event-feed.ts";
import { executed, guarded } from "../ledger/ledger.ts";
import {
  checkEntryId,
  isBefore,
  parseEntry,
  type RawEntry,
  type StoredEntry,
} from "./feed-entry.ts";
import { createFeedTail, type FeedTail } from "./feed-tail.ts";

/** Entries that a follower reads at a time while it catches up. */
const pageSize = 200;

/** A feed that can be closed: all who follow it end then. */
export interface OpenEventFeed extends EventFeed {
  close(): Promise<void>;
}

/** The feed of a deployment; see `EventFeed` for what each method promises. */
export function createRedisEventFeed(options: {
  /** For short calls. */
  readonly redis: Redis;
  /** Opens the connection for blocking calls, at most once; closed here. */
  readonly connect: () => Redis;
  readonly prefix: string;
}): OpenEventFeed {
  const { redis } = options;
  const key = `${options.prefix}:events`;
  const tail = createFeedTail({ connect: options.connect, key });
  return {
    async last() {
      const [newest] = await guarded(() => redis.xrevrange(key, "+", "-", "COUNT", 1));
      return newest?.[0] ?? "0-0";
    },
    follow(id, { signal }) {
      checkEntryId(id);
      return follow({ redis, key, tail }, id, signal);
    },
    close: () => tail.close(),
  };
}

interface Source {
  readonly redis: Redis;
  readonly key: string;
  readonly tail: FeedTail;
}

async function* follow(
  source: Source,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<FeedEntry | "gap"> {
  const { tail } = source;
  let position = id;
  // So that a follower hears at once that Redis is away.
  await readPage(source, position);
  await tail.start(signal);
  while (!signal.aborted && !tail.closed) {
    const fresh = tail.behind(position);
    const page = fresh === undefined ? await readPage(source, position) : undefined;
    if (page?.isAfterGap) yield "gap";
    const entries = page?.entries ?? fresh ?? [];
    for (const { id: next, entry, isAfterGap } of entries) {
      if (signal.aborted) return;
      if (isAfterGap) yield "gap";
      if (entry !== undefined) yield entry;
      position = next;
    }
    if (entries.length > 0) continue;
    if (fresh === undefined) position = await tail.start(signal);
    else await tail.more(signal);
  }
}

interface Page {
  /** Whether entries between the position and the page may have been dropped. */
  readonly isAfterGap: boolean;
  readonly entries: readonly StoredEntry[];
}

type RawEntries = readonly RawEntry[];

/** The next entries behind a position, from Redis. Throws ERR_REDIS_AWAY. */
async function readPage({ redis, key }: Source, position: string): Promise<Page> {
  const [oldest, page] = (await executed(
    redis
      .multi()
      .xrange(key, "-", "+", "COUNT", 1)
      .xrange(key, `(${position}`, "+", "COUNT", pageSize),
  )) as readonly [RawEntries, RawEntries];
  const first = oldest[0]?.[0];
  return {
    isAfterGap: await isGap({ redis, key }, position, first),
    entries: page.map(parseEntry),
  };
}

async function isGap(
  { redis, key }: Pick<Source, "redis" | "key">,
  position: string,
  oldest: string | undefined,
): Promise<boolean> {
  if (position !== "0-0") return oldest === undefined || isBefore(position, oldest);
  if (oldest === undefined) return false;
  const info = (await guarded(() => redis.xinfo("STREAM", key))) as readonly unknown[];
  const factOf = (name: string): unknown => info[info.indexOf(name) + 1];
  // Redis before 7.0 does not count what was added, so there nothing can be said.
  return info.includes("entries-added") && factOf("entries-added") !== factOf("length");
}
