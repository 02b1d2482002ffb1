/** The door to loads, over connections whose clock the test moves. Its queues are on the real Redis. */
import { randomBytes } from "node:crypto";
import { defaultSlotLimits, type EpochMs, epochMs, type SlotLimits } from "@headgate/core";
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import type { HeadgateEvent } from "./events.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { type LoadRequestInput, parseLoadRequest } from "./load-request.ts";
import type { Accepted, Loads } from "./loads.ts";
import { openTestStore } from "./memory-redis/store.test-support.ts";
import { ledgerBase } from "./producer.ts";
import { openQueues, type Queues } from "./queue/queues.ts";
import { createTaskSignals } from "./queue/task-signals.ts";
import { createRedisLoads } from "./redis-loads.ts";
import type { Seals } from "./seals/seals.ts";
import type { TaskSignals } from "./steps/context.ts";
import { systemChance } from "./system-ports.ts";

export interface TestDoor {
  readonly loads: Loads;
  readonly prefix: string;
  /** Where its ledgers stand. */
  readonly redis: Redis;
  readonly queues: Queues;
  readonly events: readonly HeadgateEvent[];
  /** Ledger and signals of a connection of the door. */
  of(connection: string): { readonly ledger: Ledger; readonly signals: TaskSignals };
  setNow(instant: number): void;
  accept(changes?: Partial<LoadRequestInput>, key?: string): Promise<Accepted>;
}

/** Connects to the test run's Redis until the running test ends, as a worker does. */
export function redisOfTest(): Redis {
  const redis = new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** A door that the running test owns. Without `names` it has the one connection `default`. */
export function doorOfTest(
  options: {
    readonly names?: readonly string[];
    readonly limits?: Partial<SlotLimits>;
    /** Default "test": stands at 1,000,000 until the test moves it. "redis": time goes on. */
    readonly clock?: "test" | "redis";
    /** Default none. */
    readonly seals?: Seals | undefined;
  } = {},
): TestDoor {
  const redis = openTestStore();
  const tasks = redisOfTest();
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const queues = openQueues({ redis: tasks, prefix });
  const events: HeadgateEvent[] = [];
  const emit = (event: HeadgateEvent): void => void events.push(event);
  let now: EpochMs = epochMs(1_000_000);
  const connections = new Map(
    (options.names ?? ["default"]).map((connection) => {
      const ledger: Ledger = {
        redis,
        connection,
        base: ledgerBase(prefix, connection),
        limits: { ...defaultSlotLimits, ...options.limits },
        seals: options.seals,
        ...(options.clock === "redis" ? {} : { clock: () => now }),
      };
      const signals = createTaskSignals({ ledger, queues, emit, random: () => 0 });
      return [connection, { ledger, signals }];
    }),
  );
  const loads = createRedisLoads({
    redis,
    prefix,
    connections,
    chance: systemChance,
    emit,
  });
  onTestFinished(async () => {
    await queues.close();
    const keys = await tasks.keys(`*${prefix}*`);
    if (keys.length > 0) await tasks.del(...keys);
    redis.disconnect();
  });
  return {
    loads,
    prefix,
    redis,
    queues,
    events,
    of(connection) {
      const found = connections.get(connection);
      if (found === undefined) throw new Error(`the door has no connection ${connection}`);
      return found;
    },
    setNow(instant) {
      now = epochMs(instant);
    },
    async accept(changes = {}, key) {
      const request = parseLoadRequest({
        sourceName: "crm",
        object: "orders",
        operation: "upsert",
        source: { uri: "s3://bucket/key.csv" },
        ...changes,
      });
      return await loads.accept(request, {
        caller: { principal: "test", via: "http" },
        ...(key === undefined ? {} : { idempotencyKey: key }),
      });
    },
  };
}
