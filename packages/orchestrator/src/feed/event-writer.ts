/**
 * Writes events to the feed, in the order in which this process emits them. Where Redis goes away
 * before it answers, some can be written twice.
 *
 *   <prefix>:events   stream   event (JSON), connection, principal, missing; about 100,000 kept
 */

import { setTimeout } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { EmitEvent, HeadgateEvent } from "../events.ts";
import { executed } from "../ledger/ledger.ts";
import { connectionOf } from "../ledger/load-record.ts";

/** Events kept in the feed, about. */
const eventsKept = 100_000;
/** Events that wait in this process while Redis is away; the ones before these are dropped and counted. */
const eventsHeld = 10_000;
/** Events written in one go. */
const batch = 200;
/** Loads whose owners are remembered. */
const ownersKnown = 1000;
/** Longest that a close waits for Redis. */
const closeMs = 1000;
/** Pause after Redis could not be used. */
const outagePauseMs = 1000;

export interface EventWriter {
  /** Takes the events of one connection, or of none. Never waits, never throws. */
  emitter(connection?: string): EmitEvent;
  /** Resolves once all that was taken is written, or given up because of `close`. */
  written(): Promise<void>;
  /** Takes no more; writes what is left, unless Redis does not answer within a second. */
  close(): Promise<void>;
}

interface Held {
  readonly event: HeadgateEvent;
  readonly connection: string | undefined;
}

/** A writer on a connection that the caller closes after it. */
export function createEventWriter(options: {
  readonly redis: Redis;
  readonly prefix: string;
  /** Base of a connection's ledger, where the owners of its loads stand. */
  readonly baseOf: (connection: string) => string;
  /** Default 10,000. */
  readonly held?: number;
}): EventWriter {
  const { redis, prefix, baseOf } = options;
  const limit = options.held ?? eventsHeld;
  const held: Held[] = [];
  const owners = new Map<string, string>();
  const stop = new AbortController();
  let missing = 0;
  let writing: Promise<void> | undefined;

  async function learnOwners(some: readonly Held[]): Promise<void> {
    const ids = new Set(some.map(({ event }) => loadIdOf(event)));
    const unknown = [...ids].filter((id) => id !== undefined && !owners.has(id));
    if (unknown.length === 0) return;
    const read = redis.pipeline();
    for (const id of unknown) read.hget(`${baseOf(connectionOf(id ?? ""))}load:${id}`, "principal");
    for (const [index, principal] of (await executed(read)).entries())
      if (typeof principal === "string") owners.set(unknown[index] ?? "", principal);
  }

  /** Only between two batches, for each event of a batch needs its owner. */
  function forgetOwners(): void {
    for (const id of owners.keys()) {
      if (owners.size <= ownersKnown) return;
      owners.delete(id);
    }
  }

  async function writeBatch(): Promise<void> {
    const some = held.slice(0, batch);
    const dropped = missing;
    await learnOwners(some);
    const write = redis.multi();
    for (const [index, { event, connection }] of some.entries()) {
      const fields = { event: JSON.stringify(event), ...marksOf(event, connection) };
      const gap = index === 0 && dropped > 0 ? ["missing", String(dropped)] : [];
      write.xadd(
        ...([`${prefix}:events`, "MAXLEN", "~", eventsKept, "*"] as const),
        ...[...Object.entries(fields).flat(), ...gap],
      );
    }
    await executed(write);
    forgetOwners();
    missing -= dropped;
    const gone = new Set(some);
    held.splice(0, held.length, ...held.filter((entry) => !gone.has(entry)));
  }

  function marksOf(event: HeadgateEvent, connection: string | undefined): Record<string, string> {
    const loadId = loadIdOf(event);
    const named = "connection" in event ? event.connection : undefined;
    const where = named ?? (loadId === undefined ? connection : connectionOf(loadId));
    const principal =
      loadId === undefined
        ? "principal" in event
          ? event.principal
          : undefined
        : owners.get(loadId);
    return {
      ...(where === undefined ? {} : { connection: where }),
      ...(principal === undefined ? {} : { principal }),
    };
  }

  async function writeAll(): Promise<void> {
    while (held.length > 0)
      try {
        await writeBatch();
      } catch {
        if (stop.signal.aborted) return;
        await setTimeout(outagePauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
  }

  return {
    emitter: (connection) => (event) => {
      if (stop.signal.aborted) return;
      held.push({ event, connection });
      if (held.length > limit) {
        held.shift();
        missing++;
      }
      writing ??= writeAll().finally(() => {
        writing = undefined;
      });
    },
    async written() {
      await writing;
    },
    async close() {
      stop.abort();
      await Promise.race([writing, setTimeout(closeMs, undefined, { ref: false })]);
    },
  };
}

function loadIdOf(event: HeadgateEvent): string | undefined {
  return "loadId" in event ? event.loadId : undefined;
}
