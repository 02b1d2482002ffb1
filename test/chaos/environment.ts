/**
 * A headgate of real processes with a fault proxy in each of its connections: Redis, an S3 server, the
 * emulator, the API and three workers. Each process writes a log into the run's folder.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type HeadgateConfigInput, newApiKey } from "@headgate/config";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { freePort } from "./free-port.ts";
import { type Program, startProgram } from "./program.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { scaled } from "./scale.ts";
import { type Leg, type Victim, workerNames } from "./schedule.ts";
import { type Service, supervise } from "./supervisor.ts";
import { schemaOf } from "./workload.ts";

export interface EnvironmentOptions {
  /** Of the run; holds everything that is written. */
  readonly folder: string;
  readonly objects: number;
  /** Creations in a window; the tenant's and the fleet's. Default 20. */
  readonly slots?: number;
  /** From UploadComplete to JobComplete. Default as in scale.ts. */
  readonly processingMs?: number;
  /** An S3 server in place of the stand-in; its keys come by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
  readonly s3?: string | undefined;
  /** What a worker gets in its environment besides, each time that it starts. */
  readonly workerEnvironment?: (worker: Victim) => Readonly<Record<string, string>>;
  /** Told of every end of a service that was not asked for, and by which signal it was. */
  readonly onUnexpectedEnd: (message: string, signal: string | null) => void;
}

export interface Environment {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly emulatorUrl: string;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly redis: RedisServer;
  readonly services: ReadonlyMap<Victim, Service>;
  proxyOf(leg: Leg): FaultProxy;
  /** Texts that may stand in no log and in no value of Redis, by what they are. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly logFolder: string;
  /** Ends API and workers softly; resolves with what did not end as it should. */
  stopServices(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Name under which bulk jobs are found: the one connector. */
const sourceName = "crm";
const bucket = "chaos";
const audience = "chaos-audience";
const prefix = "chaos";

/** Longest time until API and workers are ready at first. */
const startWithinMs = 90_000;

/** Kept from run to run, since it halves each start. */
const compileCache = fileURLToPath(
  new URL("../../node_modules/.cache/headgate-chaos", import.meta.url),
);

const sources = {
  worker: new URL("crashing-worker.ts", import.meta.url),
  api: new URL("../../apps/api/src/main.ts", import.meta.url),
  emulator: new URL("../../apps/emulator/src/main.ts", import.meta.url),
  s3: new URL("s3-server.ts", import.meta.url),
};

/** Starts all of it; resolves when every program has said that it is ready. */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { folder, slots = 20, processingMs = scaled.processingMs, onUnexpectedEnd } = options;
  const cleanUps: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const logFolder = join(folder, "logs");
    await mkdir(logFolder, { mode: 0o700 });
    const secrets = makeSecrets();
    const keyFile = join(folder, "key.pem");
    const publicKeyFile = join(folder, "key.pub");
    const schemaFile = join(folder, "crm.yaml");
    await writeFile(keyFile, secrets.privateKeyPem, { mode: 0o600 });
    await writeFile(publicKeyFile, secrets.publicKeyPem);
    await writeFile(schemaFile, schemaOf(options.objects));

    const common = {
      // The API starts several times a minute, and so does each worker.
      NODE_COMPILE_CACHE: compileCache,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const start = (
      name: string,
      script: URL,
      how: {
        readonly args?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly isReady?: (line: string) => boolean;
      },
    ): Program =>
      startProgram({
        ...{ script, args: how.args ?? [], isReady: how.isReady ?? (() => true) },
        environment: { ...common, ...how.environment },
        logFile: join(logFolder, `${name}.log`),
      });
    /** A program that nobody disturbs; gives the URL that it tells. */
    const startServer = async (...[name, script, how]: Parameters<typeof start>) => {
      const program = start(name, script, how);
      cleanUps.push(async () => {
        program.kill("SIGKILL");
        await program.ended;
      });
      const line = await program.ready;
      if (line === undefined)
        throw new Error(`${name} did not start: ${(await program.ended).lastWords}`);
      const { url }: { readonly url: string } = JSON.parse(line);
      return url;
    };

    const redis = await startRedisServer(join(folder, "redis"));
    cleanUps.push(redis.close);
    const { s3Keys } = secrets;
    const s3Environment = options.s3 === undefined ? s3Keys : inheritedKeys();
    const startS3 = async (): Promise<string> =>
      options.s3 ??
      (await startServer("s3", sources.s3, {
        environment: { ...s3Keys, CHAOS_S3_FOLDER: join(folder, "s3") },
      }));
    const startEmulator = startServer("emulator", sources.emulator, {
      args: [
        ...["--json", "--port=0", `--schema=${sourceName}=${schemaFile}`],
        ...[`--consumer-key=${secrets.consumerKey}`, "--user=chaos@example.com"],
        ...[`--public-key=${publicKeyFile}`, `--audience=${audience}`],
        ...[`--processing-ms=${processingMs}`, `--set=slotWindowMs=${scaled.slotWindowMs}`],
        ...[`--set=slotsPerWindow=${slots}`, `--set=maxPartBytes=${scaled.maxPartBytes}`],
        ...["--set=keepApplied=true", "--set=maxLoggedRequests=1000000"],
      ],
    });
    const [s3Url, emulatorUrl] = await Promise.all([startS3(), startEmulator]);

    const proxies = new Map<string, FaultProxy>();
    const targets = {
      redis: redis.port,
      tenant: Number(new URL(emulatorUrl).port),
      s3: Number(new URL(s3Url).port),
    };
    const legs: Leg[] = [{ from: "api", to: "redis" }];
    for (const from of workerNames)
      for (const to of ["redis", "tenant", "s3"] as const) legs.push({ from, to });
    for (const leg of legs) {
      const proxy = await startFaultProxy({ port: targets[leg.to] });
      cleanUps.push(proxy.close);
      proxies.set(nameOf(leg), proxy);
    }
    const proxyOf = (leg: Leg): FaultProxy => {
      const proxy = proxies.get(nameOf(leg));
      if (proxy === undefined) throw new RangeError(`no proxy in ${nameOf(leg)}`);
      return proxy;
    };
    const redisUrl = (from: Victim): string =>
      `redis://:${redis.password}@127.0.0.1:${proxyOf({ from, to: "redis" }).port}`;

    const apiPort = await freePort();
    const apiKey = newApiKey("chaos");
    const configFile = join(folder, "headgate.yaml");
    const config: HeadgateConfigInput = {
      redis: { url: redisUrl("api"), prefix },
      connections: {
        default: {
          loginUrl: emulatorUrl,
          allowLoopback: true,
          consumerKey: secrets.consumerKey,
          user: "chaos@example.com",
          keyFile,
          audience,
          connectors: { [sourceName]: { schema: schemaFile } },
          limits: { slots },
          polling: { minMs: scaled.pollMinMs, maxMs: scaled.pollMaxMs },
        },
      },
      sources: { s3: { endpoint: s3Url, region: "us-east-1", pathStyle: true } },
      clients: {
        chaos: {
          keys: [{ hash: apiKey.hash }],
          scopes: ["enqueue", "read", "operate"],
          limits: { requestsPerMinute: 1_000_000 },
        },
      },
      api: { port: apiPort },
      worker: { stopSeconds: 10 },
    };
    await writeFile(configFile, JSON.stringify(config), { mode: 0o600 });

    const startOf = (victim: Victim): (() => Program) => {
      if (victim === "api")
        return () =>
          start(victim, sources.api, {
            environment: { HEADGATE_CONFIG: configFile },
            isReady: (line) => line.includes('"msg":"listening"'),
          });
      const at = (to: "tenant" | "s3"): string =>
        `http://127.0.0.1:${proxyOf({ from: victim, to }).port}`;
      return () =>
        start(victim, sources.worker, {
          environment: {
            ...s3Environment,
            HEADGATE_CONFIG: configFile,
            HEADGATE__REDIS__URL: redisUrl(victim),
            HEADGATE__CONNECTIONS__DEFAULT__LOGIN_URL: at("tenant"),
            HEADGATE__SOURCES__S3__ENDPOINT: at("s3"),
            ...options.workerEnvironment?.(victim),
          },
          isReady: (line) => line.includes('"msg":"worker.ready"'),
        });
    };
    const services = new Map<Victim, Service>();
    for (const victim of ["api", ...workerNames] as const)
      services.set(
        victim,
        supervise(victim, startOf(victim), (end, isWanted) => {
          // A program that is told to stop before it has begun ends by the signal.
          if (isWanted && (end.signal !== null || end.code === 0)) return;
          const how = end.signal ?? `code ${end.code}`;
          onUnexpectedEnd(`${victim} ended (${how}): ${end.lastWords}`, end.signal);
        }),
      );
    cleanUps.push(() => Promise.all([...services.values()].map((service) => service.close())));
    const s3 = new S3Client({
      ...{ endpoint: s3Url, region: "us-east-1", forcePathStyle: true },
      credentials: {
        accessKeyId: s3Environment.AWS_ACCESS_KEY_ID ?? "",
        secretAccessKey: s3Environment.AWS_SECRET_ACCESS_KEY ?? "",
      },
    });
    cleanUps.push(async () => s3.destroy());
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    const ready = Promise.all([...services.values()].map((service) => service.ready()));
    const late = AbortSignal.timeout(startWithinMs);
    await Promise.race([ready, once(late, "abort").then(() => late.throwIfAborted())]);
    return {
      ...{ apiUrl: `http://127.0.0.1:${apiPort}`, apiKey: apiKey.key, emulatorUrl, s3, bucket },
      ...{ redis, services, proxyOf, logFolder },
      secrets: {
        "API key": apiKey.key,
        "consumer key": secrets.consumerKey,
        "private key": secrets.privateKeyPem.split("\n")[2] ?? "",
        "Redis password": redis.password,
        "S3 secret": s3Environment.AWS_SECRET_ACCESS_KEY ?? "",
      },
      async stopServices() {
        const ends = await Promise.all(
          [...services.values()].map(
            async (service) => [service.name, await service.close()] as const,
          ),
        );
        return ends
          .filter(([, { code }]) => code !== 0)
          .map(([name, { code, signal }]) => `${name} did not stop: ${signal ?? `code ${code}`}`);
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function nameOf({ from, to }: Leg): string {
  return `${from} to ${to}`;
}

function makeSecrets() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    consumerKey: `canary-${randomBytes(12).toString("hex")}`,
    s3Keys: {
      AWS_ACCESS_KEY_ID: "chaos",
      AWS_SECRET_ACCESS_KEY: randomBytes(24).toString("hex"),
    },
  };
}

function inheritedKeys(): Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>> {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = process.env;
  return { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
}
