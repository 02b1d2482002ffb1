/** A scheduler worker: joins the orchestrator with the tenant's API and the stores of source objects. */
import { hostname, tmpdir } from "node:os";
import {
  type BulkError,
  defaultPreflight,
  isBulkError,
  type Milliseconds,
  type Secret,
  type SlotLimits,
} from "@headgate/core";
import {
  type ConnectedClient,
  connectIngestionApi,
  type TokenConnection,
} from "@headgate/ingestion-api";
import {
  checkRedis,
  connectWorker,
  createRedisLoads,
  createTaskSignals,
  defaultStepSettings,
  type EmitEvent,
  type Ledger,
  ledgerBase,
  openQueues,
  openScratchFile,
  publishConnectors,
  publishLimits,
  type StepContext,
  type StepSettings,
  startFleetWorker,
  startStreamIntake,
  systemChance,
  whenReady,
} from "@headgate/orchestrator";
import {
  createFileStore,
  createPartSource,
  createS3Store,
  type S3StoreOptions,
} from "@headgate/part-source";
import { connectorSchemas } from "./connector-schemas.ts";
import { joinPorts } from "./join-ports.ts";

/** One tenant, and how its bulk jobs are run. */
export interface WorkerConnection {
  readonly name: string;
  readonly login: TokenConnection;
  /** PEM of the authorities to trust, for a private TLS; default: the system's. */
  readonly ca?: string | undefined;
  /** Connector name to its OpenAPI YAML, or to `none` for unchecked columns. */
  readonly schemas: ReadonlyMap<string, string>;
  readonly limits: SlotLimits;
  readonly steps: Partial<StepSettings>;
  /** Time between two sweeps. Default 30 s. */
  readonly sweepEveryMs?: Milliseconds;
  /** How long the task of a worker that died rests before another takes it over. Default 30 s. */
  readonly lockMs?: Milliseconds;
}

/** What a worker is made of. */
export interface WorkerOptions {
  readonly redisUrl: Secret;
  /** First word of every Redis key. */
  readonly prefix: string;
  /** Runs on a Redis that evicts or forgets; for trials only. */
  readonly allowVolatileRedis: boolean;
  /** Whether this worker takes in requests from the Redis stream. */
  readonly streamIntake: boolean;
  readonly connection: WorkerConnection;
  readonly s3: S3StoreOptions;
  /** Folder that `file:///` sources may lie in; without it they are refused. */
  readonly filesRoot?: string | undefined;
}

/** A worker that takes tasks. */
export interface RunningWorker {
  /** Ends the steps under way and gives their tasks back; resolves when nothing is left open. */
  close(): Promise<void>;
}

/**
 * Checks Redis, the key and the login, then starts taking tasks. Throws ERR_REDIS_UNSAFE,
 * ERR_SCHEMA_INVALID, ERR_CONFIG, ERR_KEY_FILE, ERR_AUTH_REFUSED, ERR_INSTANCE_URL; a login service
 * that cannot be reached is waited for, not an error.
 */
export async function startWorker(options: WorkerOptions, emit: EmitEvent): Promise<RunningWorker> {
  const { prefix, connection } = options;
  const cleanUps: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const catalogue = connectorSchemas(connection.schemas);
    const redis = connectWorker(options.redisUrl.reveal());
    cleanUps.push(() => redis.disconnect());
    if (!(await whenReady(redis)))
      emit({ type: "redis.away", message: "Redis does not answer; the worker waits for it" });
    await checkRedis(redis, { allowVolatile: options.allowVolatileRedis });

    const api = connectIngestionApi(connection.login, { ca: connection.ca });
    cleanUps.push(() => api.close());
    await tryLogin(api, connection.name, emit);

    const s3 = createS3Store(options.s3);
    cleanUps.push(() => s3.close());
    const files =
      options.filesRoot === undefined
        ? {}
        : { files: createFileStore({ root: options.filesRoot }) };
    const source = createPartSource({ s3, ...files });

    const queues = openQueues({ redis, prefix });
    cleanUps.push(() => queues.close());
    const ledger: Ledger = {
      redis,
      connection: connection.name,
      base: ledgerBase(prefix, connection.name),
      limits: connection.limits,
    };
    await publishLimits(ledger);
    await publishConnectors(ledger, catalogue);
    const signals = createTaskSignals({ ledger, queues, emit, random: systemChance.random });
    const context: StepContext = {
      ledger,
      signals,
      settings: { ...defaultStepSettings, ...connection.steps },
      ports: {
        ...joinPorts(api, source),
        catalogue,
        accessOf: () => "any",
        preflightOf: () => defaultPreflight,
        openScratch: () => openScratchFile(tmpdir(), systemChance.newId()),
        chance: systemChance,
        emit,
      },
    };
    const fleet = await startFleetWorker({
      redis,
      prefix,
      queues,
      contexts: new Map([[connection.name, context]]),
      emit,
      ...(connection.sweepEveryMs === undefined ? {} : { sweepEveryMs: connection.sweepEveryMs }),
      ...(connection.lockMs === undefined ? {} : { lockMs: connection.lockMs }),
    });
    cleanUps.push(() => fleet.close());
    if (options.streamIntake) {
      const intake = startStreamIntake({
        redis: connectWorker(options.redisUrl.reveal()),
        prefix,
        consumer: `${hostname()}-${process.pid}-${systemChance.newId()}`,
        loads: createRedisLoads({
          redis,
          prefix,
          connections: new Map([[connection.name, { ledger, signals }]]),
          chance: systemChance,
          emit,
        }),
        emit,
      });
      cleanUps.push(() => intake.close());
    }
    return { close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** A wrong key or user must stop the start; a login service that is away must not. */
async function tryLogin(api: ConnectedClient, connection: string, emit: EmitEvent): Promise<void> {
  try {
    await api.tokenSource.token();
  } catch (error) {
    if (!isBulkError(error) || !passes(error)) throw error;
    emit({ type: "tenant.unavailable", connection, code: error.code, message: error.message });
  }
}

function passes(error: BulkError): boolean {
  return !["ERR_KEY_FILE", "ERR_AUTH_REFUSED", "ERR_INSTANCE_URL", "ERR_CONFIG"].includes(
    error.code,
  );
}
