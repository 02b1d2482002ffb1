/** The worker's settings. The only file of this app that reads the environment. */
import { readFileSync } from "node:fs";
import {
  apiNamePattern,
  BulkError,
  connectionNamePattern,
  defaultReapSettings,
  type Milliseconds,
  milliseconds,
  Secret,
  seconds,
  slotWindowMarginMs,
} from "@headgate/core";
import { z } from "zod";
import type { WorkerOptions } from "./start-worker.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const flag = z.enum(["true", "false"]).transform((word) => word === "true");
const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== ""),
);

/** `crm=/path/crm.yaml,web=none` */
const schemas = list.pipe(
  z
    .array(
      z.string().transform((pair, context) => {
        const at = pair.indexOf("=");
        const [sourceName, path] = [pair.slice(0, Math.max(at, 0)), pair.slice(at + 1)];
        if (!apiNamePattern.test(sourceName) || path === "")
          context.addIssue(`"${pair}" is not sourceName=path or sourceName=none`);
        return { sourceName, path };
      }),
    )
    .min(1)
    .refine(
      (pairs) => new Set(pairs.map(({ sourceName }) => sourceName)).size === pairs.length,
      "names a connector twice",
    ),
);

const environmentSchema = z.object({
  HEADGATE_REDIS_URL: z.url({ protocol: /^rediss?$/ }).default("redis://127.0.0.1:6379"),
  HEADGATE_KEY_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/)
    .default("headgate"),
  HEADGATE_ALLOW_VOLATILE_REDIS: flag.default(false),
  HEADGATE_STREAM_INTAKE: flag.default(true),
  HEADGATE_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info"),
  HEADGATE_STOP_SECONDS: whole(1, 600).default(25),

  HEADGATE_CONNECTION: z.string().regex(connectionNamePattern).default("default"),
  HEADGATE_LOGIN_URL: z.url().default("https://login.salesforce.com"),
  HEADGATE_CONSUMER_KEY: z.string().min(1),
  HEADGATE_USER: z.string().min(1),
  HEADGATE_KEY_FILE: z.string().min(1),
  HEADGATE_AUDIENCE: z.string().min(1).optional(),
  HEADGATE_DATA_SPACE: z.string().min(1).optional(),
  HEADGATE_ALLOWED_HOSTS: list.default(["salesforce.com"]),
  HEADGATE_ALLOW_LOOPBACK: flag.default(false),
  HEADGATE_CA_FILE: z.string().min(1).optional(),
  HEADGATE_SCHEMAS: schemas,

  HEADGATE_S3_ENDPOINT: z.url().optional(),
  HEADGATE_S3_REGION: z.string().min(1).optional(),
  HEADGATE_S3_PATH_STYLE: flag.optional(),
  HEADGATE_S3_BUCKETS: list.optional(),
  HEADGATE_FILES_ROOT: z.string().startsWith("/").optional(),

  HEADGATE_SLOTS: whole(1, 1000).default(20),
  HEADGATE_SLOT_WINDOW_SECONDS: whole(1, 86_400).default(3600),
  HEADGATE_RESERVE_SLOTS: whole(0, 1000).default(0),
  HEADGATE_PERMITS: whole(1, 100).default(5),
  HEADGATE_RESERVE_PERMITS: whole(0, 100).default(0),
  HEADGATE_ONE_BULK_JOB_PER_OBJECT: flag.default(true),
  HEADGATE_POLL_MIN_MS: whole(100, 600_000).default(3000),
  HEADGATE_POLL_MAX_MS: whole(100, 600_000).default(15_000),
  HEADGATE_ON_UNKNOWN_UPLOAD: z.enum(["reput", "restart"]).default("reput"),
  HEADGATE_REAP_FOREIGN: flag.default(false),
});

/** What the command needs besides the worker's own options. */
export interface CommandOptions {
  readonly logLevel: string;
  /** Longest time from the signal to the end of the process. */
  readonly stopMs: Milliseconds;
}

/**
 * Reads and checks every setting. Throws ERR_CONFIG that names each faulty variable; values are not
 * repeated, for some are secret.
 */
export function readWorkerConfig(environment: Environment): WorkerOptions & CommandOptions {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(set);
  if (!parsed.success)
    throw faulty(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  const env = parsed.data;
  const files = readFiles(env);
  const faults = [...crossFaults(env), ...files.faults];
  if (faults.length > 0) throw faulty(faults);
  return Object.freeze({
    redisUrl: new Secret(env.HEADGATE_REDIS_URL),
    prefix: env.HEADGATE_KEY_PREFIX,
    allowVolatileRedis: env.HEADGATE_ALLOW_VOLATILE_REDIS,
    streamIntake: env.HEADGATE_STREAM_INTAKE,
    logLevel: env.HEADGATE_LOG_LEVEL,
    stopMs: seconds(env.HEADGATE_STOP_SECONDS),
    connection: {
      name: env.HEADGATE_CONNECTION,
      login: {
        loginUrl: env.HEADGATE_LOGIN_URL,
        consumerKey: env.HEADGATE_CONSUMER_KEY,
        user: env.HEADGATE_USER,
        keyFile: env.HEADGATE_KEY_FILE,
        audience: env.HEADGATE_AUDIENCE,
        dataSpace: env.HEADGATE_DATA_SPACE,
        allowedHostSuffixes: env.HEADGATE_ALLOWED_HOSTS,
        allowPlainHttpOnLoopback: env.HEADGATE_ALLOW_LOOPBACK,
      },
      ca: files.ca,
      schemas: files.schemas,
      limits: {
        slots: env.HEADGATE_SLOTS,
        windowMs: milliseconds(seconds(env.HEADGATE_SLOT_WINDOW_SECONDS) + slotWindowMarginMs),
        permits: env.HEADGATE_PERMITS,
        reserveSlots: env.HEADGATE_RESERVE_SLOTS,
        reservePermits: env.HEADGATE_RESERVE_PERMITS,
        oneBulkJobPerObject: env.HEADGATE_ONE_BULK_JOB_PER_OBJECT,
      },
      steps: {
        pollMinMs: milliseconds(env.HEADGATE_POLL_MIN_MS),
        pollMaxMs: milliseconds(env.HEADGATE_POLL_MAX_MS),
        onUnknownUpload: env.HEADGATE_ON_UNKNOWN_UPLOAD,
        reap: { ...defaultReapSettings, abortForeign: env.HEADGATE_REAP_FOREIGN },
      },
    },
    s3: {
      ...(env.HEADGATE_S3_REGION === undefined ? {} : { region: env.HEADGATE_S3_REGION }),
      ...(env.HEADGATE_S3_ENDPOINT === undefined ? {} : { endpoint: env.HEADGATE_S3_ENDPOINT }),
      ...(env.HEADGATE_S3_PATH_STYLE === undefined
        ? {}
        : { forcePathStyle: env.HEADGATE_S3_PATH_STYLE }),
      ...(env.HEADGATE_S3_BUCKETS === undefined ? {} : { allowedBuckets: env.HEADGATE_S3_BUCKETS }),
    },
    filesRoot: env.HEADGATE_FILES_ROOT,
  });
}

type Settings = z.output<typeof environmentSchema>;

function crossFaults(env: Settings): readonly string[] {
  const faults: string[] = [];
  if (env.HEADGATE_RESERVE_SLOTS >= env.HEADGATE_SLOTS)
    faults.push(`HEADGATE_RESERVE_SLOTS: must be less than HEADGATE_SLOTS, ${env.HEADGATE_SLOTS}`);
  if (env.HEADGATE_RESERVE_PERMITS >= env.HEADGATE_PERMITS)
    faults.push(
      `HEADGATE_RESERVE_PERMITS: must be less than HEADGATE_PERMITS, ${env.HEADGATE_PERMITS}`,
    );
  if (env.HEADGATE_POLL_MAX_MS < env.HEADGATE_POLL_MIN_MS)
    faults.push(
      `HEADGATE_POLL_MAX_MS: must be at least HEADGATE_POLL_MIN_MS, ${env.HEADGATE_POLL_MIN_MS}`,
    );
  return faults;
}

function readFiles(env: Settings): {
  readonly ca: string | undefined;
  readonly schemas: ReadonlyMap<string, string>;
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  function read(variable: string, path: string): string {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      faults.push(
        `${variable}: ${path} cannot be read (${String((error as NodeJS.ErrnoException).code)})`,
      );
      return "";
    }
  }
  const ca =
    env.HEADGATE_CA_FILE === undefined ? undefined : read("HEADGATE_CA_FILE", env.HEADGATE_CA_FILE);
  const schemas = new Map(
    env.HEADGATE_SCHEMAS.map(({ sourceName, path }) => [
      sourceName,
      path === "none" ? "none" : read("HEADGATE_SCHEMAS", path),
    ]),
  );
  return { ca, schemas, faults };
}

function faulty(faults: readonly string[]): BulkError {
  return new BulkError(
    "ERR_CONFIG",
    `the configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join("\n")}`,
    {
      fields: { faults: faults.length },
    },
  );
}
