/** A scheduler worker: joins the orchestrator with the tenants' APIs and the stores of source objects. */
import { hostname } from "node:os";
import type { LoadedConfig } from "@headgate/config";
import { type ConnectorCatalogue, seconds } from "@headgate/core";
import {
  checkRedis,
  connectWorker,
  createEventWriter,
  createRedisLoads,
  type EmitEvent,
  type Ledger,
  ledgerBase,
  openQueues,
  publishConnectors,
  publishLimits,
  type StepContext,
  scheduleUpkeep,
  startFleetWorker,
  startStreamIntake,
  syncSchedules,
  systemChance,
  teeEvents,
  watchHistory,
  whenReady,
} from "@headgate/orchestrator";
import { createUploadFolder } from "@headgate/part-source/uploads";
import { readInfo } from "./doctor/redis-info.ts";
import { versionCheck } from "./doctor/redis-version.ts";
import { drainMsOf } from "./from-config.ts";
import { openConnection } from "./open-connection.ts";
import { openSources } from "./open-sources.ts";
import { startUploadSweep, unfinishedSources } from "./sweep-uploads.ts";
import { syncUntilDone } from "./sync-until-done.ts";
import { streamCaller } from "./worker-clients.ts";
import type { WorkerTuning } from "./worker-tuning.ts";

export interface StartWorkerOptions {
  readonly emit: EmitEvent;
  readonly tuning?: WorkerTuning;
}

/** A worker that takes tasks. */
export interface RunningWorker {
  /**
   * Takes over schedules, clients and preflight of a changed configuration, for what begins from now
   * on. Of several calls the last one counts. Resolves when the schedules are in; while Redis is away
   * they are as before.
   */
  reconfigure(next: LoadedConfig): Promise<void>;
  /**
   * Begins nothing any more, lets uploads under way end within `worker.drainSeconds` and gives all
   * tasks back; resolves when nothing is left open.
   */
  close(): Promise<void>;
  /** Makes a close that is under way cut uploads off. */
  hurry(): void;
  /** Resolves when it has stopped taking tasks by itself, for good: only a new process can help. */
  readonly dead: Promise<void>;
}

/**
 * Checks Redis, the keys and the logins, then starts taking tasks of all connections. Throws
 * ERR_REDIS_UNSAFE and, naming the connection, ERR_KEY_FILE, ERR_AUTH_REFUSED, ERR_INSTANCE_URL,
 * ERR_CONFIG: one connection that is wrong stops the start, or its loads would wait unseen. A login
 * service that cannot be reached is waited for, not an error.
 */
export async function startWorker(
  loaded: LoadedConfig,
  options: StartWorkerOptions,
): Promise<RunningWorker> {
  const { tuning = {} } = options;
  const { redis: redisConfig, worker } = loaded.config;
  const { prefix } = redisConfig;
  let current = loaded;
  const cleanUps: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const redis = connectWorker(redisConfig.url.reveal());
    cleanUps.push(() => redis.disconnect());
    if (!(await whenReady(redis)))
      options.emit({
        type: "redis.away",
        message: "Redis does not answer; the worker waits for it",
      });
    await checkRedis(redis, { allowVolatile: redisConfig.allowVolatile });
    const version = versionCheck(await readInfo(redis));
    if (version.status !== "ok")
      options.emit({ type: "redis.unpatched", message: `${version.detail}; see headgate doctor` });

    const feed = createEventWriter({ redis, prefix, baseOf: (name) => ledgerBase(prefix, name) });
    cleanUps.push(() => feed.close());
    const emit = teeEvents(options.emit, feed.emitter());
    const source = openSources(loaded.config, tuning.s3Credentials);
    cleanUps.push(() => source.close());
    const queues = openQueues({ redis, prefix });
    cleanUps.push(() => queues.close());
    const contexts = new Map<string, StepContext>();
    for (const name of Object.keys(loaded.config.connections)) {
      const { context, close } = await openConnection(name, {
        redis,
        queues,
        source,
        current: () => current,
        emit: teeEvents(options.emit, feed.emitter(name)),
        tuning,
      });
      cleanUps.push(close);
      contexts.set(name, context);
    }
    await syncAll(contexts, current);

    const { sweepEveryMs, lockMs } = tuning;
    const fleet = await startFleetWorker({
      ...{ redis, prefix, queues, contexts, emit, planConcurrency: worker.planConcurrency },
      ...(sweepEveryMs === undefined ? {} : { sweepEveryMs }),
      ...(lockMs === undefined ? {} : { lockMs }),
      drainMs: drainMsOf(worker),
    });
    cleanUps.push(() => fleet.close());
    const watch = watchHistory({
      ...{ redis, queues, contexts, emit },
      everyMs: sweepEveryMs ?? seconds(30),
      restore: async () => {
        for (const { ledger, ports } of contexts.values()) await publish(ledger, ports.catalogue);
        await syncAll(contexts, current);
        await scheduleUpkeep(queues, contexts, tuning);
      },
    });
    cleanUps.push(() => watch.close());
    const loads = createRedisLoads({
      ...{ redis, prefix, connections: contexts },
      ...{ chance: systemChance, emit },
    });
    const { uploads } = loaded.config.sources;
    if (uploads !== undefined) {
      const sweep = startUploadSweep({
        uploads: createUploadFolder(uploads),
        sourcesInUse: () => unfinishedSources(loads),
        keepMs: loaded.config.retention.uploadDays * 86_400_000,
        emit,
      });
      cleanUps.push(() => sweep.close());
    }
    if (worker.streamIntake) {
      const intake = startStreamIntake({
        redis: connectWorker(redisConfig.url.reveal()),
        prefix,
        consumer: `${hostname()}-${process.pid}-${systemChance.newId()}`,
        loads,
        caller: () => streamCaller(current),
        emit,
      });
      cleanUps.push(() => intake.close());
    }

    let syncing = Promise.resolve();
    const closing = new AbortController();
    cleanUps.push(() => closing.abort());
    const sync = (): Promise<void> =>
      syncUntilDone(() => syncAll(contexts, current), {
        signal: closing.signal,
        onAway: () => emit({ type: "redis.away", message: "changed schedules wait for Redis" }),
      });
    return {
      async reconfigure(next) {
        current = next;
        syncing = syncing.catch(() => undefined).then(sync);
        await syncing;
      },
      close: closeAll,
      hurry: () => fleet.hurry(),
      dead: fleet.dead,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** For those who only enqueue and look. */
async function publish(ledger: Ledger, catalogue: ConnectorCatalogue): Promise<void> {
  await publishLimits(ledger);
  await publishConnectors(ledger, catalogue);
}

/** Brings the file's schedules into each connection's ledger. */
async function syncAll(
  contexts: ReadonlyMap<string, StepContext>,
  { config }: LoadedConfig,
): Promise<void> {
  for (const context of contexts.values()) await syncSchedules(context, config.schedules);
}
