/** What a program that only enqueues and looks needs: the HTTP API, and nothing that runs tasks. */

import { defaultSlotLimits } from "@headgate/core";
import type { Redis } from "ioredis";
import type { BulkJobs } from "./bulk-jobs.ts";
import { createRedisErrands } from "./errands/redis-errands.ts";
import type { Errands } from "./errands.ts";
import type { EventFeed } from "./event-feed.ts";
import { type EmitEvent, teeEvents } from "./events.ts";
import { createEventWriter } from "./feed/event-writer.ts";
import { createRedisEventFeed } from "./feed/redis-event-feed.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { createRedisBulkJobs } from "./list-bulk-jobs.ts";
import type { Loads } from "./loads.ts";
import { openQueues, type Queues } from "./queue/queues.ts";
import { createTaskSignals } from "./queue/task-signals.ts";
import { connectProducer, connectWorker, whenReady } from "./redis-connection.ts";
import { createRedisLoads } from "./redis-loads.ts";
import { createRedisSchedules } from "./schedules/redis-schedules.ts";
import type { Schedules } from "./schedules.ts";
import type { Seals } from "./seals/seals.ts";
import { systemChance, systemStopwatch } from "./system-ports.ts";
import { watchAccepted } from "./watch-accepted.ts";

export type * from "./bulk-jobs.ts";
export * from "./errands.ts";
export type * from "./event-feed.ts";
export { eventTypes } from "./event-types.ts";
export * from "./load-request.ts";
export type * from "./loads.ts";
export { openQueues, type Queues } from "./queue/queues.ts";
export { parseRequest } from "./request-faults.ts";
export * from "./schedule-spec.ts";
export type * from "./schedules.ts";
export { createSeals, type Seals } from "./seals/seals.ts";
export type * from "./views.ts";

export interface ProducerOptions {
  readonly redisUrl: string;
  /** First word of every key. Default `headgate`. */
  readonly prefix?: string;
  /** Names of the connections that loads may name. */
  readonly connections: readonly string[];
  /** Days for which ended loads and idempotency keys are kept; the workers' own. Default 30. */
  readonly retentionDays?: number;
  /** The workers' own; default, records are not sealed. */
  readonly seals?: Seals | undefined;
  readonly emit: EmitEvent;
}

/** Open doors; `close` closes all of them and the connections. */
export interface Producer {
  readonly loads: Loads;
  readonly bulkJobs: BulkJobs;
  readonly errands: Errands;
  readonly feed: EventFeed;
  readonly schedules: Schedules;
  /** For the board. */
  readonly queues: Queues;
  /** The connection of all doors, for what else the process counts in Redis; keys begin with the prefix. */
  readonly redis: Redis;
  close(): Promise<void>;
}

/** Connects to Redis, and goes on connecting where it is away: calls fail with ERR_REDIS_AWAY until then. */
export async function createProducer(options: ProducerOptions): Promise<Producer> {
  const prefix = options.prefix ?? defaultPrefix;
  const redis = connectProducer(options.redisUrl);
  await whenReady(redis);
  const queues = openQueues({ redis, prefix });
  const baseOf = (connection: string): string => ledgerBase(prefix, connection);
  const writer = createEventWriter({ redis, prefix, baseOf });
  const emit = teeEvents(options.emit, writer.emitter());
  const feed = createRedisEventFeed({
    redis,
    prefix,
    connect: () => connectWorker(options.redisUrl),
  });
  const connections = new Map(
    options.connections.map((connection) => {
      const base = baseOf(connection);
      const { retentionDays, seals } = options;
      const limits = defaultSlotLimits;
      const ledger: Ledger = { redis, connection, base, limits, retentionDays, seals };
      const signals = createTaskSignals({ ledger, queues, emit, random: Math.random });
      return [connection, { ledger, signals }];
    }),
  );
  const ledgers = new Map([...connections].map(([name, { ledger }]) => [name, ledger]));
  const watch = watchAccepted({ ...{ redis, ledgers, emit }, stopwatch: systemStopwatch });
  const loads = createRedisLoads({
    redis,
    prefix,
    connections,
    chance: systemChance,
    emit: teeEvents(emit, watch.take),
  });
  const schedules = createRedisSchedules({
    connections,
    loads,
    ports: { chance: systemChance, emit },
  });
  return {
    loads,
    bulkJobs: createRedisBulkJobs(ledgers),
    errands: createRedisErrands({ ledgers, queues, loads, chance: systemChance }),
    feed,
    schedules,
    queues,
    redis,
    async close() {
      watch.close();
      await feed.close();
      await writer.close();
      await queues.close();
      redis.disconnect();
    },
  };
}

/** First word of every key where none is configured. */
export const defaultPrefix = "headgate";

/** First part of every ledger key of a connection; the braces keep them in one hash slot. */
export function ledgerBase(prefix: string, connection: string): string {
  return `${prefix}:{${connection}}:`;
}
