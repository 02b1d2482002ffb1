/** The fleet's events for those who follow from outside: an append-only feed in Redis, newest 100,000 kept. */
import type { HeadgateEvent } from "./events.ts";

/** One entry of the feed. */
export interface FeedEntry {
  /** Grows with every entry; `0-0` stands before the first. */
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly event: HeadgateEvent;
  /** Connection that the event is about; absent where it is about none. */
  readonly connection?: string;
  /** Owner of the load that the event is about; absent where it is about no single load. */
  readonly principal?: string;
}

export interface EventFeed {
  /** Id of the newest entry. */
  last(): Promise<string>;
  /**
   * Entries after `id`, as they come, until the signal aborts or the feed is closed; then it ends
   * without an error. Throws ERR_REQUEST_INVALID for an id that is not one. Throws ERR_REDIS_AWAY
   * while it catches up; once it has, it waits an outage out. Yields `gap` where entries may be
   * missing: dropped before they were read, or never written.
   */
  follow(id: string, options: { readonly signal: AbortSignal }): AsyncIterable<FeedEntry | "gap">;
}
