/** One worker of the fleet: takes tasks of all queues until it is told to stop. */
import { BulkError, type Milliseconds, seconds } from "@headgate/core";
import type { Processor, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { EmitEvent } from "../events.ts";
import type { StepContext } from "../steps/context.ts";
import { createIsolation } from "../steps/isolation.ts";
import { systemStopwatch } from "../system-ports.ts";
import { forgetFarRounds, wakeOverslept } from "./clock-faults.ts";
import { type Queues, queuePrefix, unexpectedErrorWaitMs } from "./queues.ts";
import { keepOnRoster } from "./roster-keeper.ts";
import {
  bulkJobProcessor,
  errandProcessor,
  loadProcessor,
  runProcessor,
  upkeepProcessor,
} from "./task-runner.ts";
import { openTaskTaker } from "./task-taker.ts";
import { createWatchdog, lookEveryMs } from "./watchdog.ts";

export interface FleetWorkerOptions {
  /** Opened with `maxRetriesPerRequest: null`; closed by the caller. */
  readonly redis: Redis;
  readonly prefix: string;
  readonly queues: Queues;
  readonly contexts: ReadonlyMap<string, StepContext>;
  readonly emit: EmitEvent;
  /** Loads planned side by side, and as many dry runs. Default 2. */
  readonly planConcurrency?: number;
  /** Time between two sweeps, and between two rounds of the reaper. Defaults 30 s and 5 min. */
  readonly sweepEveryMs?: Milliseconds;
  readonly reapEveryMs?: Milliseconds;
  /**
   * Lock of a task: extended while its steps run, so it bounds how long a dead worker's task rests,
   * and how long a worker without Redis goes on. Default 30 s.
   */
  readonly lockMs?: Milliseconds;
  /** How long a step of a bulk job, such as an upload, may go on after `close`. Default 25 s. */
  readonly drainMs?: Milliseconds;
}

/** A worker that takes tasks. */
export interface FleetWorker {
  /**
   * Takes no task and begins no step any more. Steps of bulk jobs may end within `drainMs`, then they
   * are cut off; all others are at once. Their tasks go back to the queue, unspent.
   */
  close(): Promise<void>;
  /** Makes a close that is under way cut everything off. */
  hurry(): void;
  /** Resolves when it has stopped taking tasks by itself, for good: only a new process can help. */
  readonly dead: Promise<void>;
}

/** Times a task may be taken over from a dead worker. BullMQ's default of 1 would fail it at the second. */
const takeoversAllowed = 1000;
/** Unfinished bulk jobs a worker steps side by side; the tenant allows 5 a connection. */
const bulkJobsPerConnection = 5;
/** Runs of schedules likewise; most of their time they sleep. */
const runsPerConnection = 4;

/** Errands beside dry runs; they are a few calls each. */
const shortErrandsAtOnce = 4;

/** Schedules upkeep for every connection and starts taking tasks. */
export async function startFleetWorker(options: FleetWorkerOptions): Promise<FleetWorker> {
  const { queues, contexts, emit } = options;
  await forgetFarRounds(queues, roundsOf(contexts, options));
  await scheduleUpkeep(queues, contexts, options);
  const drain = new AbortController();
  const stop = new AbortController();
  const lockMs = options.lockMs ?? seconds(30);
  const deps = {
    drain: drain.signal,
    stop: stop.signal,
    contextOf: (name: string) => contextOf(contexts, name),
    lockMs,
    isolation: createIsolation(),
  };
  const planConcurrency = options.planConcurrency ?? 2;
  const shared = {
    connection: options.redis,
    prefix: queuePrefix(options.prefix),
    lockDuration: lockMs,
    // Each task extends its own, see lease.ts.
    skipLockRenewal: true,
    maxStalledCount: takeoversAllowed,
    stalledInterval: lockMs / 2,
    settings: { backoffStrategy: unexpectedErrorWaitMs },
  };
  const taking: readonly (readonly [Queue, Processor, number])[] = [
    [queues.loads, loadProcessor(deps), planConcurrency],
    [queues.bulkJobs, bulkJobProcessor(deps), bulkJobsPerConnection * contexts.size],
    [queues.runs, runProcessor(deps), runsPerConnection * contexts.size],
    [
      queues.errands,
      errandProcessor(deps, { plansAtOnce: planConcurrency }),
      planConcurrency + shortErrandsAtOnce,
    ],
    [queues.upkeep, upkeepProcessor(deps), contexts.size + 1],
  ];
  const takers = taking.map(([queue, process, concurrency]) => ({
    queue,
    taker: openTaskTaker({
      queue: queue.name,
      process,
      worker: { ...shared, concurrency },
      emit,
    }),
  }));
  const watchdog = createWatchdog({
    redis: options.redis,
    takers,
    stopwatch: systemStopwatch,
    emit,
  });
  const looking = setInterval(() => {
    void watchdog.look();
    // Where Redis is away it is tried again at the next look.
    mendClockFaults(options).catch(() => undefined);
  }, lookEveryMs);
  const roster = keepOnRoster(contexts, lockMs);
  return {
    dead: watchdog.dead,
    async close() {
      clearInterval(looking);
      drain.abort(new Error("the worker wants to stop"));
      const drainMs = options.drainMs ?? seconds(25);
      const budget = setTimeout(() => stop.abort(new Error("the worker stops")), drainMs);
      await Promise.all(takers.map(({ taker }) => taker.close()));
      clearTimeout(budget);
      roster.leave();
    },
    hurry: () => stop.abort(new Error("the worker stops at once")),
  };
}

async function mendClockFaults(options: FleetWorkerOptions): Promise<void> {
  const { redis, queues, contexts } = options;
  await wakeOverslept(redis, queues);
  if (await forgetFarRounds(queues, roundsOf(contexts, options)))
    await scheduleUpkeep(queues, contexts, options);
}

type RoundOptions = Pick<FleetWorkerOptions, "sweepEveryMs" | "reapEveryMs">;

function roundsOf(
  contexts: ReadonlyMap<string, StepContext>,
  { sweepEveryMs = seconds(30), reapEveryMs = seconds(300) }: RoundOptions,
) {
  return [...contexts.keys()].flatMap((connection) => [
    { connection, kind: "sweep", id: `sweep-${connection}`, every: sweepEveryMs },
    { connection, kind: "reap", id: `reap-${connection}`, every: reapEveryMs },
  ]);
}

/** Makes sure of the rounds of upkeep of every connection. */
export async function scheduleUpkeep(
  queues: Queues,
  contexts: ReadonlyMap<string, StepContext>,
  options: RoundOptions,
): Promise<void> {
  // Instants that came while no worker was there.
  for (const connection of contexts.keys())
    await queues.upkeep.add(
      `tick ${connection}`,
      { connection, kind: "tick" },
      { removeOnComplete: true, removeOnFail: true },
    );
  for (const { connection, kind, id, every } of roundsOf(contexts, options))
    await queues.upkeep.upsertJobScheduler(
      id,
      { every },
      {
        name: `${kind} ${connection}`,
        data: { connection, kind },
        opts: { removeOnComplete: { count: 50 }, removeOnFail: { count: 50 } },
      },
    );
}

function contextOf(contexts: ReadonlyMap<string, StepContext>, name: string): StepContext {
  const context = contexts.get(name);
  if (context !== undefined) return context;
  throw new BulkError(
    "ERR_UNKNOWN_CONNECTION",
    `connection "${name}" is not configured here; configured: ${[...contexts.keys()].join(", ")}`,
    { fields: { connection: name } },
  );
}
