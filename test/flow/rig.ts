/** A whole headgate for one test: emulator, S3 stand-in, workers and the producer's door, each real. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { EventEmitter, on } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type HeadgateConfigInput, loadConfig } from "@headgate/config";
import { type EpochMs, milliseconds, Secret, type SlotLimits } from "@headgate/core";
import {
  type ClockMode,
  type Emulator,
  type EmulatorSettingsInput,
  startEmulator,
} from "@headgate/emulator";
import { type ConnectedClient, connectIngestionApi } from "@headgate/ingestion-api";
import {
  createProducer,
  createSeals,
  type HeadgateEvent,
  type LoadRequestInput,
  type Loads,
  type LoadView,
  openQueues,
  parseLoadRequest,
  type Schedules,
} from "@headgate/orchestrator";
import { startS3StandIn } from "@headgate/standalone/s3-stand-in";
import { type RunningWorker, startWorker, type WorkerTuning } from "@headgate/worker";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { startWorkerProcess, type WorkerProcess, type WorkerProgram } from "./worker-process.ts";

export interface RigOptions {
  readonly workers?: number;
  readonly schemas: Readonly<Record<string, string>>;
  readonly emulator?: EmulatorSettingsInput;
  /** Default "real"; "manual" stands still until the test moves it. */
  readonly clock?: ClockMode;
  readonly limits?: Partial<SlotLimits>;
  readonly steps?: WorkerTuning["steps"];
  readonly deniedKeys?: readonly string[];
  /** Of headgate.yaml. */
  readonly schedules?: HeadgateConfigInput["schedules"];
  /** The workers' one clock. Default: Redis TIME. */
  readonly workerClock?: () => EpochMs;
  /** Whether the reaper may abort other tools' bulk jobs. */
  readonly reapForeign?: boolean;
  readonly sharedUser?: boolean;
  /** URLs of a Redis of the test's own. Default: the one of the test run, with a prefix of the rig's own. */
  readonly redis?: {
    readonly admin: string;
    readonly api: string;
    readonly worker: string;
    readonly prefix: string;
  };
  /** Seals records. Default: they are not sealed. */
  readonly signingKey?: string;
}

export interface Rig {
  readonly emulator: Emulator;
  readonly loads: Loads;
  readonly schedules: Schedules;
  readonly redis: Redis;
  readonly prefix: string;
  readonly workers: RunningWorker[];
  /** The headgate.yaml of all workers. */
  readonly configFile: string;
  /** Every event of all workers so far. */
  readonly events: readonly HeadgateEvent[];
  put(key: string, body: string | Uint8Array): Promise<string>;
  startWorker(): Promise<RunningWorker>;
  /** Starts a worker as a process of its own; its events are the rig's events too. */
  startProcess(
    program: WorkerProgram,
    environment?: Readonly<Record<string, string>>,
  ): WorkerProcess;
  enqueue(request: LoadRequestInput, key?: string): Promise<LoadView>;
  /** Waits until the load has ended. */
  ended(loadId: string): Promise<LoadView>;
  /** Waits for the first event, past or coming, that `matches`. */
  event(matches: (event: HeadgateEvent) => boolean): Promise<HeadgateEvent>;
  /** Attempts that BullMQ has counted for each task of a queue. */
  attemptsOf(queue: string): Promise<readonly number[]>;
  /** Another tool of the same tenant, with its own calls of the API. */
  readonly tenant: Tenant;
  /** A client of the workers' own user, without a ledger. */
  readonly self: Tenant;
  /** Runs one round of the reaper to its end. */
  reap(): Promise<void>;
  close(): Promise<void>;
}

export interface Tenant {
  /** Creates a bulk job of `crm/<object>`; answers its id. */
  create(object: string): Promise<string>;
  abort(bulkJobId: string): Promise<void>;
}

const bucket = "exports";
const credentials = { accessKeyId: "rig", secretAccessKey: randomBytes(12).toString("hex") };

export async function startRig(options: RigOptions): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-rig-"));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyFile = join(folder, "key.pem");
  await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const emulator = await startEmulator({
    schemas: options.schemas,
    connectedApps: [
      {
        consumerKey: "rig",
        publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
        users: ["rig@example.com", "other@example.com"],
      },
    ],
    clock: options.clock ?? "real",
    settings: { processingMs: 0, audiences: ["rig-audience"], ...options.emulator },
  });
  const denied = new Set(options.deniedKeys ?? []);
  const s3 = await startS3StandIn({
    folder: join(folder, "s3"),
    ...credentials,
    denied: (_bucket, key) => key !== undefined && denied.has(key),
  });
  const s3Client = new S3Client({
    endpoint: s3.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
  });
  await s3Client.send(new CreateBucketCommand({ Bucket: bucket }));

  const { prefix, ...urls } = options.redis ?? sharedRedis();
  const redis = new Redis(urls.admin);
  const events: HeadgateEvent[] = [];
  const bus = new EventEmitter().setMaxListeners(0);
  const emit = (event: HeadgateEvent): void => {
    events.push(event);
    bus.emit("event", event);
  };
  const { signingKey } = options;
  const producer = await createProducer({
    ...{ redisUrl: urls.api, prefix, connections: ["default"], emit },
    seals: createSeals(signingKey === undefined ? [] : [new Secret(signingKey)]),
  });
  const login = {
    loginUrl: emulator.url,
    consumerKey: "rig",
    keyFile,
    audience: "rig-audience",
    allowPlainHttpOnLoopback: true,
  };
  const other = connectIngestionApi({ ...login, user: "other@example.com" });
  const own = connectIngestionApi({ ...login, user: "rig@example.com" });
  const queues = openQueues({ redis, prefix });
  const workers: RunningWorker[] = [];
  const processes: WorkerProcess[] = [];
  const configFile = await writeConfig(folder, {
    redis: { url: urls.worker, prefix, ...(signingKey === undefined ? {} : { signingKey }) },
    connections: {
      default: {
        loginUrl: emulator.url,
        consumerKey: "rig",
        user: "rig@example.com",
        keyFile,
        audience: "rig-audience",
        allowLoopback: true,
        connectors: await writeSchemas(folder, options.schemas),
        polling: { minMs: 100, maxMs: 200 },
        abortForeign: options.reapForeign ?? false,
        sharedUser: options.sharedUser ?? false,
      },
    },
    sources: { s3: { endpoint: s3.url, region: "us-east-1" }, filesRoot: folder },
    clients: { rig: {} },
    schedules: options.schedules ?? {},
    // Uploads that a test holds up for ever must not hold up its end.
    worker: { drainSeconds: 0 },
  });
  const processEnvironment = {
    HEADGATE_CONFIG: configFile,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const tuning: WorkerTuning = {
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.workerClock === undefined ? {} : { clock: options.workerClock }),
    sweepEveryMs: milliseconds(500),
    s3Credentials: credentials,
    steps: {
      observeEveryMs: milliseconds(200),
      pollMinMs: milliseconds(50),
      pollMaxMs: milliseconds(200),
      ...options.steps,
    },
  };

  const rig: Rig = {
    emulator,
    loads: producer.loads,
    schedules: producer.schedules,
    redis,
    prefix,
    workers,
    configFile,
    events,
    async put(key, body) {
      await s3Client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }),
      );
      return `s3://${bucket}/${key}`;
    },
    async startWorker() {
      const environment = { HEADGATE__REDIS__ALLOW_VOLATILE: "true" };
      const loaded = loadConfig({ path: configFile, environment });
      const worker = await startWorker(loaded, { emit, tuning });
      workers.push(worker);
      return worker;
    },
    startProcess(program, environment = {}) {
      const worker = startWorkerProcess({
        program,
        environment: { ...processEnvironment, ...environment },
        onLine: ({ msg, ...measures }) => emit({ type: msg, ...measures } as HeadgateEvent),
      });
      processes.push(worker);
      return worker;
    },
    async enqueue(request, key) {
      const accepted = await producer.loads.accept(parseLoadRequest(request), {
        caller: { principal: "rig", via: "http" },
        ...(key === undefined ? {} : { idempotencyKey: key }),
      });
      return accepted.load;
    },
    async ended(loadId) {
      await rig.event((event) => event.type === "load.ended" && event.loadId === loadId);
      const load = await producer.loads.get(loadId);
      if (load === undefined) throw new Error(`load ${loadId} is gone`);
      return load;
    },
    async event(matches) {
      const coming = on(bus, "event");
      const past = events.find(matches);
      if (past !== undefined) return past;
      for await (const [event] of coming) if (matches(event)) return event;
      throw new Error("the bus has ended");
    },
    async attemptsOf(queue) {
      const keys = await redis.keys(`{${prefix}}:${queue}:*`);
      const tasks = keys.filter((key) => /^[0-9a-f]{20}$/.test(key.split(":").at(-1) ?? ""));
      return await Promise.all(tasks.map(async (key) => Number(await redis.hget(key, "atm"))));
    },
    tenant: tenantOf(other),
    self: tenantOf(own),
    async reap() {
      const before = events.length;
      await queues.upkeep.add("reap", { connection: "default", kind: "reap" });
      await rig.event((event) => event.type === "reaper.round" && events.indexOf(event) >= before);
    },
    async close() {
      await other.close();
      for (const worker of processes) worker.kill("SIGKILL");
      await Promise.all(processes.map((worker) => worker.ended));
      await own.close();
      await queues.close();
      await Promise.all(workers.map((worker) => worker.close()));
      await producer.close();
      await emulator.close();
      s3Client.destroy();
      await s3.close();
      const keys = await redis.keys(`*${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (let i = 0; i < (options.workers ?? 1); i++) await rig.startWorker();
  return rig;
}

function sharedRedis(): NonNullable<RigOptions["redis"]> {
  const url = inject("redisUrl");
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  return { admin: url, api: url, worker: url, prefix };
}

function tenantOf({ client }: ConnectedClient): Tenant {
  return {
    async create(object) {
      const target = { sourceName: "crm", object, operation: "upsert" } as const;
      return (await client.createBulkJob(target)).id;
    },
    async abort(bulkJobId) {
      await client.abort(bulkJobId);
    },
  };
}

/** Writes headgate.yaml, of which JSON is a kind. */
async function writeConfig(folder: string, config: HeadgateConfigInput): Promise<string> {
  const path = join(folder, "headgate.yaml");
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** Writes each connector's schema to a file; answers the setting `connectors`. */
async function writeSchemas(
  folder: string,
  schemas: RigOptions["schemas"],
): Promise<Readonly<Record<string, { readonly schema: string }>>> {
  const pairs = Object.entries(schemas).map(async ([sourceName, yaml]) => {
    const path = join(folder, `${sourceName}.yaml`);
    await writeFile(path, yaml);
    return [sourceName, { schema: path }] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}
