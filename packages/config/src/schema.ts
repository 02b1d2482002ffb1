/**
 * The shape of `headgate.yaml`, the one configuration of API, workers and CLI. Every property is
 * documented here by `describe`; the JSON Schema and the reference are generated from it.
 */
import {
  scheduleFaults,
  scheduleNamePattern,
  scheduleSchema,
} from "@headgate/orchestrator/requests";
import { z } from "zod";
import { clientNamePattern, clientSchema } from "./client-schema.ts";
import { connectionName, connectionSchema } from "./connection-schema.ts";
import { preflightSchema } from "./preflight-schema.ts";
import { path, secret, whole } from "./setting-kinds.ts";

/** Whether a text can be a Redis URL; of a socket it has a path. */
export function isRedisUrl(text: string): boolean {
  return redisUrlPattern.test(text) && URL.canParse(text);
}

const redisUrlPattern = /^(rediss?:\/\/[^/]|unix:\/\/[^/]*\/.)/;

/** What a key must be that seals records. */
export const signingKeyRule = {
  pattern: /^\S{32,}$/,
  problem: "must be 32 characters or longer, without blanks, such as openssl rand -base64 32 makes",
} as const;

const redis = z
  .strictObject({
    url: secret({
      pattern: redisUrlPattern,
      accepts: isRedisUrl,
      problem: "must be a redis://, rediss:// or unix:///path URL",
    })
      .prefault("redis://127.0.0.1:6379")
      .describe("Redis 6.2 or newer, noeviction, appendonly yes"),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,32}$/, "must be 1 to 32 letters, digits, _ and -")
      .default("headgate")
      .describe("first word of every key; the same for API and workers"),
    allowVolatile: z
      .boolean()
      .default(false)
      .describe("run on a Redis that evicts or forgets; for trials only"),
    signingKey: secret(signingKeyRule)
      .exactOptional()
      .describe(
        "seals records and tasks; those without a right seal are refused. The same for API and workers; default: none are sealed",
      ),
    acceptedKeys: z
      .array(secret(signingKeyRule))
      .max(8)
      .exactOptional()
      .describe(
        "further keys whose seals are right: the next one before a change, the last one after it",
      ),
  })
  .superRefine(({ signingKey, acceptedKeys }, context) => {
    if (signingKey === undefined && acceptedKeys !== undefined)
      context.addIssue({
        code: "custom",
        path: ["acceptedKeys"],
        message: "needs signingKey: without it no seal is looked at",
      });
  });

const sources = z.strictObject({
  s3: z
    .strictObject({
      endpoint: z
        .url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" })
        .exactOptional()
        .describe("an S3-compatible server; default Amazon S3"),
      region: z.string().min(1).max(64).exactOptional().describe("default by the AWS SDK's chain"),
      pathStyle: z.boolean().exactOptional().describe("default true where an endpoint is set"),
      buckets: z
        .array(z.string().min(1).max(1024))
        .max(1000)
        .exactOptional()
        .describe("bucket or bucket/folder/ that may be read; default all"),
    })
    .prefault({})
    .describe("credentials come by the AWS SDK's chain"),
  filesRoot: path.exactOptional().describe("folder that file:/// sources may lie in; default none"),
  uploads: z
    .strictObject({
      folder: path.describe("folder shared by API and workers"),
      maxBytes: whole(1, 1_000_000_000_000).default(10_000_000_000).describe("of one file"),
      maxBytesPerClient: whole(1, 1_000_000_000_000_000)
        .default(50_000_000_000)
        .describe("of all files of one client that are kept; 1 GB of the disk stays free besides"),
    })
    .exactOptional()
    .describe("lets clients send files to the API; default they cannot"),
});

const jwt = z.strictObject({
  issuer: z.string().min(1).max(2048).describe("the token's iss"),
  audience: z.string().min(1).max(2048).describe("the token's aud"),
  jwksUrl: z
    .url({ protocol: /^https?$/, error: "must be an https:// URL" })
    .refine(isHttpsOrLoopback, "must be https://, or http:// on loopback")
    .describe("where the keys are; https, or http on loopback"),
  algorithms: z
    .array(
      z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]),
    )
    .min(1)
    .default(["RS256"])
    .describe("algorithms that a token may be signed by"),
  claim: z.string().min(1).max(255).default("sub").describe("claim that names the client"),
});

const api = z.strictObject({
  host: z.string().min(1).max(253).default("127.0.0.1").describe("address to listen on"),
  port: whole(0, 65_535).default(8080).describe("port to listen on; 0 takes a free one"),
  board: z
    .strictObject({
      user: z
        .string()
        .regex(/^[^:]{1,255}$/, "must be 1 to 255 characters without a colon")
        .describe("name to log in by"),
      passwordFile: path.describe("file that holds the password"),
      operate: z.boolean().default(false).describe("the board may retry, pause and remove tasks"),
    })
    .exactOptional()
    .describe("login of Bull Board; default there is no board"),
});

const worker = z.strictObject({
  streamIntake: z.boolean().default(true).describe("take in requests from the Redis stream"),
  planConcurrency: whole(1, 64).default(2).describe("loads that one worker plans side by side"),
  drainSeconds: whole(0, 600)
    .default(25)
    .describe("longest that uploads go on after SIGTERM; at most 5/6 of stopSeconds"),
  stopSeconds: whole(1, 600).default(30).describe("longest time from SIGTERM to the end"),
  scratchFolder: path
    .exactOptional()
    .describe("for full scans; default the system's temporary folder"),
});

const retention = z.strictObject({
  days: whole(1, 365).default(30).describe("ended loads, bulk jobs, runs and idempotency keys"),
  uploadDays: whole(1, 365).default(7).describe("files sent to the API, once their load has ended"),
});

/** A schedule, with what is wrong with it beyond its shape. */
export const scheduleSettingSchema = scheduleSchema.superRefine((spec, context) => {
  for (const { path: at, message } of scheduleFaults(spec))
    context.addIssue({ code: "custom", path: [...at], message });
});

/** The whole file. */
export const configSchema = z.strictObject({
  redis: redis.prefault({}).describe("where the queues and the ledgers are"),
  connections: z
    .record(connectionName, connectionSchema)
    .refine((all) => Object.keys(all).length > 0, "must name at least one connection")
    .describe("tenants, by name; default is the one that loads mean that name none"),
  sources: sources.prefault({}).describe("where source objects are read from"),
  preflight: preflightSchema.prefault({}).describe("for all objects that do not say otherwise"),
  schedules: z
    .record(
      z.string().regex(scheduleNamePattern, "a name must be a-z, 0-9 and -, 1 to 48 long"),
      scheduleSettingSchema,
    )
    .default({})
    .describe("nightly batches, by name"),
  clients: z
    .record(
      z.string().regex(clientNamePattern, "a name must be a-z, 0-9 and -, 1 to 32 long"),
      clientSchema,
    )
    .default({})
    .describe("who may use the HTTP API, by name"),
  streamClient: z
    .string()
    .regex(clientNamePattern, "a name must be a-z, 0-9 and -, 1 to 32 long")
    .exactOptional()
    .describe("client whose rights requests of the Redis stream have; default: all rights"),
  jwt: jwt.exactOptional().describe("lets clients log in by JSON Web Token beside API keys"),
  api: api.prefault({}).describe("the HTTP API"),
  worker: worker.prefault({}).describe("every worker"),
  retention: retention.prefault({}).describe("how long what has ended is kept"),
  logLevel: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("least level that API and workers log; lines of JSON on stdout"),
});

/** The file's content as it may be written. */
export type HeadgateConfigInput = z.input<typeof configSchema>;
/** A checked configuration, with defaults filled in. */
export type HeadgateConfig = z.output<typeof configSchema>;
export type ConnectionConfig = HeadgateConfig["connections"][string];
export type ClientConfig = HeadgateConfig["clients"][string];

function isHttpsOrLoopback(url: string): boolean {
  const parsed = URL.parse(url);
  return (
    parsed?.protocol === "https:" ||
    /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed?.hostname ?? "")
  );
}
