/**
 * The shape of `headgate.yaml`, the one configuration of API, workers and CLI. Every property is
 * documented here by `describe`; the JSON Schema and the reference are generated from it.
 */
import {
  apiNamePattern,
  connectionNamePattern,
  defaultPreflight,
  preflightPolicies,
  scopes,
} from "@headgate/core";
import { scheduleNamePattern, scheduleSchema } from "@headgate/orchestrator/requests";
import { z } from "zod";

const whole = (least: number, most: number) => z.int().min(least).max(most);
const path = z.string().min(1).max(4096);

const preflight = z.strictObject({
  policy: z
    .enum(preflightPolicies)
    .default(defaultPreflight.policy)
    .describe("refuse: a load with findings fails before a slot is spent. warn: it is loaded"),
  values: z
    .boolean()
    .default(defaultPreflight.values)
    .describe("check numbers, booleans, dates and empty keys in every record"),
  duplicates: z
    .boolean()
    .default(defaultPreflight.duplicates)
    .describe("look for primary keys that come twice in a load; takes scratch space on disk"),
});

const connector = z.strictObject({
  schema: path.describe(
    "OpenAPI YAML of the connector, relative to this file; none leaves its columns unchecked",
  ),
  objects: z
    .record(
      z.string().regex(apiNamePattern),
      z.strictObject({
        primaryKey: z
          .string()
          .min(1)
          .max(80)
          .exactOptional()
          .describe("field that identifies a record; default: x-primary-key, else the first field"),
        preflight: preflight.partial().exactOptional().describe("where it differs for this object"),
      }),
    )
    .default({})
    .describe("settings of single objects, by name"),
});

const limits = z.strictObject({
  slots: whole(1, 1000).default(20).describe("bulk jobs in a rolling window, by everyone"),
  windowSeconds: whole(1, 86_400).default(3600).describe("that window"),
  permits: whole(1, 100).default(5).describe("unfinished bulk jobs at a time, by everyone"),
  reserveSlots: whole(0, 999).default(0).describe("slots left to other tools"),
  reservePermits: whole(0, 99).default(0).describe("permits left to other tools"),
  oneBulkJobPerObject: z
    .boolean()
    .default(true)
    .describe("the API takes one unfinished bulk job an object"),
});

const connection = z.strictObject({
  loginUrl: z
    .url()
    .default("https://login.salesforce.com")
    .describe("https://login.salesforce.com, https://test.salesforce.com or a My Domain"),
  consumerKey: z.string().min(1).describe("consumer key of the connected app"),
  user: z.string().min(1).describe("username of the integration user"),
  keyFile: path.describe("private key (PEM), mode 0600 or 0400"),
  audience: z
    .string()
    .min(1)
    .exactOptional()
    .describe("the assertion's aud; default the login URL"),
  dataSpace: z.string().min(1).exactOptional().describe("data space; default the default one"),
  allowedHosts: z
    .array(z.string().min(1))
    .min(1)
    .default(["salesforce.com"])
    .describe("host suffixes that tokens may be sent to"),
  allowLoopback: z
    .boolean()
    .default(false)
    .describe("tokens may go to loopback over plain HTTP: for the emulator"),
  caFile: path.exactOptional().describe("certificate authorities to trust, for a private TLS"),
  connectors: z
    .record(z.string().regex(apiNamePattern), connector)
    .refine((all) => Object.keys(all).length > 0, "must name at least one connector")
    .describe("the tenant's Ingestion API connectors, by short API name"),
  limits: limits.prefault({}).describe("the tenant's limits"),
  polling: z
    .strictObject({
      minMs: whole(100, 600_000).default(3000),
      maxMs: whole(100, 600_000).default(15_000),
    })
    .prefault({})
    .describe("shortest and longest time between two list calls while bulk jobs are processed"),
  onUnknownUpload: z
    .enum(["reput", "restart"])
    .default("reput")
    .describe("after an upload without an answer: send it again, or begin a new bulk job"),
  abortForeign: z
    .boolean()
    .default(false)
    .describe("the reaper aborts other tools' bulk jobs that near 7 days"),
});

const client = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits"),
        expires: z.iso.datetime().exactOptional().describe("after this instant it opens nothing"),
      }),
    )
    .max(10)
    .default([])
    .describe("hashes of its API keys; make one with: headgate api-key new NAME"),
  subject: z
    .string()
    .min(1)
    .max(255)
    .exactOptional()
    .describe("value of the JWT claim that names it, where it logs in by JWT"),
  scopes: z.array(z.enum(scopes)).min(1).default(["enqueue"]).describe("what it may do"),
  connections: z
    .array(z.string().regex(connectionNamePattern))
    .exactOptional()
    .describe("connections it may name; default all"),
  sources: z
    .array(
      z
        .string()
        .regex(
          /^(s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/|file:\/\/\/)([^\s]*\/)?$/,
          "must be s3://bucket/, s3://bucket/folder/ or file:///folder/, ending in a slash",
        ),
    )
    .exactOptional()
    .describe("places it may load from; default all that the workers may read"),
  limits: z
    .strictObject({
      requestsPerMinute: whole(1, 1_000_000).default(600),
      pendingLoads: whole(1, 10_000_000).default(10_000),
    })
    .prefault({})
    .describe("how much it may ask"),
});

/** The whole file. */
export const configSchema = z.strictObject({
  redis: z
    .strictObject({
      url: z
        .string()
        .regex(/^(rediss?|unix):\/\//, "must be a redis://, rediss:// or unix:// URL")
        .default("redis://127.0.0.1:6379")
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
    })
    .prefault({}),
  connections: z
    .record(
      z.string().regex(connectionNamePattern, "a name must be a-z, 0-9 and -, 1 to 32 long"),
      connection,
    )
    .refine((all) => Object.keys(all).length > 0, "must name at least one connection")
    .describe("tenants, by name; default is the one that loads mean that name none"),
  sources: z
    .strictObject({
      s3: z
        .strictObject({
          endpoint: z.url().exactOptional().describe("an S3-compatible server; default Amazon S3"),
          region: z.string().min(1).exactOptional(),
          pathStyle: z.boolean().exactOptional().describe("default true where an endpoint is set"),
          buckets: z
            .array(z.string().min(1))
            .exactOptional()
            .describe("bucket or bucket/folder/ that may be read; default all"),
        })
        .prefault({})
        .describe("credentials come by the AWS SDK's chain"),
      filesRoot: path
        .exactOptional()
        .describe("folder that file:/// sources may lie in; default none"),
      uploads: z
        .strictObject({
          folder: path.describe("folder shared by API and workers"),
          maxBytes: whole(1, 1_000_000_000_000).default(10_000_000_000).describe("of one file"),
        })
        .exactOptional()
        .describe("lets clients send files to the API; default they cannot"),
    })
    .prefault({}),
  preflight: preflight.prefault({}).describe("for all objects that do not say otherwise"),
  schedules: z
    .record(z.string().regex(scheduleNamePattern), scheduleSchema)
    .default({})
    .describe("nightly batches, by name"),
  clients: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/), client)
    .default({})
    .describe("who may use the HTTP API, by name"),
  streamClient: z
    .string()
    .exactOptional()
    .describe("client whose rights requests of the Redis stream have; default: all rights"),
  jwt: z
    .strictObject({
      issuer: z.string().min(1),
      audience: z.string().min(1),
      jwksUrl: z.url({ protocol: /^https?$/ }).describe("https, or http on loopback"),
      algorithms: z
        .array(
          z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]),
        )
        .min(1)
        .default(["RS256"]),
      claim: z.string().min(1).default("sub").describe("claim that names the client"),
    })
    .exactOptional()
    .describe("lets clients log in by JSON Web Token beside API keys"),
  api: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      port: whole(0, 65_535).default(8080),
      board: z
        .strictObject({
          user: z.string().regex(/^[^:]+$/, "must not hold a colon"),
          passwordFile: path,
          operate: z
            .boolean()
            .default(false)
            .describe("the board may retry, pause and remove tasks"),
        })
        .exactOptional()
        .describe("login of Bull Board; default there is no board"),
    })
    .prefault({}),
  worker: z
    .strictObject({
      streamIntake: z.boolean().default(true).describe("take in requests from the Redis stream"),
      planConcurrency: whole(1, 64).default(2).describe("loads that one worker plans side by side"),
      stopSeconds: whole(1, 600).default(25).describe("longest time from SIGTERM to the end"),
      scratchFolder: path
        .exactOptional()
        .describe("for full scans; default the system's temporary folder"),
    })
    .prefault({}),
  retention: z
    .strictObject({
      days: whole(1, 365).default(30).describe("ended loads, bulk jobs, runs and idempotency keys"),
      uploadDays: whole(1, 365)
        .default(7)
        .describe("files sent to the API, once their load has ended"),
    })
    .prefault({}),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** A checked configuration, with defaults filled in. */
export type HeadgateConfig = z.output<typeof configSchema>;
export type ConnectionConfig = HeadgateConfig["connections"][string];
export type ClientConfig = HeadgateConfig["clients"][string];
