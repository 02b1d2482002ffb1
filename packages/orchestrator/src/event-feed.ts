/** The fleet's events for those who follow from outside: an append-only feed in Redis, newest 100,000 kept. */
import type { HeadgateEvent } from "./events.ts";

/** One entry of the feed. */
export interface FeedEntry {
  /** Grows with every entry; `0-0` stands before the first. */
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly event: HeadgateEvent;
  /** Owner of the load that the event is about; absent where it is about no single load. */
  readonly principal?: string;
}

export interface EventFeed {
  /** Id of the newest entry. */
  last(): Promise<string>;
  /**
   * Entries after `id`, as they come, until the signal aborts. Throws ERR_REQUEST_INVALID for an id
   * that is not one, and ERR_REDIS_AWAY. Where entries after `id` were dropped already, the first
   * yielded value is `gap`.
   */
  follow(id: string, options: { readonly signal: AbortSignal }): AsyncIterable<FeedEntry | "gap">;
}
