/**
 * Every behaviour of the emulator that a user may set. The README's table says which defaults are
 * documented, recorded from a live org, or inferred.
 */
import {
  BulkError,
  maxFilesPerBulkJob,
  maxPartBytes,
  maxStreamingBodyBytes,
  maxStreamingDeletes,
  maxStreamingRequestsPerSecond,
  maxUnfinishedBulkJobs,
  retentionMs,
  slotsPerWindow,
  slotWindowMs,
} from "@headgate/core";
import { z } from "zod";

const count = z.int().min(0);

const settingsShape = z.strictObject({
  /** Refuse what real login servers only sometimes forgive: see the README's table. */
  strictLogin: z.boolean().default(false),
  /** Values of `aud` accepted besides the emulator's own URL. */
  audiences: z
    .array(z.string().min(1))
    .default(["https://login.salesforce.com", "https://test.salesforce.com"]),
  /** Which clock an assertion's `exp` is held against; clients seldom share the emulator's. */
  loginClock: z.enum(["machine", "emulator"]).default("machine"),
  /** Milliseconds by which a tolerant login lets `exp` be past. */
  loginSkewMs: count.default(180_000),
  /** Seconds a Data Cloud token lives. */
  expiresInSeconds: z.int().min(1).default(7191),
  /** Form of the token exchange's `instance_url`. */
  instanceUrlStyle: z.enum(["bare-host", "with-scheme"]).default("bare-host"),
  /** Answer to a Salesforce (core) token at an ingest endpoint; 400 comes with an empty body. */
  coreTokenStatus: z.union([z.literal(400), z.literal(401)]).default(400),
  /** Answer to an accepted file. */
  uploadStatus: z.union([z.literal(201), z.literal(202)]).default(202),
  /** Answer to records that pass `actions/test`. */
  validationStatus: z.union([z.literal(200), z.literal(202)]).default(200),
  /** Whether and how a 429 says when to come back. */
  retryAfter: z.enum(["absent", "seconds", "http-date"]).default("absent"),

  /** Milliseconds from UploadComplete to JobComplete; InProgress begins half way. */
  processingMs: count.default(180_000),
  /** Creations, or requests, allowed in a window. */
  slotsPerWindow: z.int().min(1).default(slotsPerWindow),
  /** Milliseconds of that window. */
  slotWindowMs: z.int().min(1).default(slotWindowMs),
  /** How "20 requests or jobs per hour" is read. */
  slotReading: z.enum(["rolling-hour", "clock-hour", "every-request"]).default("rolling-hour"),
  /** Which creation requests use a slot: every authorised one, all but those answered 429, or only 201. */
  countedCreations: z.enum(["authorised", "not-throttled", "created"]).default("authorised"),
  /** Bulk jobs that may be unfinished at a time. */
  maxUnfinishedBulkJobs: z.int().min(1).default(maxUnfinishedBulkJobs),
  /** Whether a second unfinished bulk job for one sourceName and object is answered 409. */
  oneBulkJobPerObject: z.boolean().default(true),
  /** Whether a bulk job in UploadComplete may still be aborted; otherwise 409. */
  abortUploadComplete: z.boolean().default(true),
  maxFilesPerBulkJob: z.int().min(1).default(maxFilesPerBulkJob),
  /** Bytes of one uploaded CSV. */
  maxPartBytes: z.int().min(1).default(maxPartBytes),
  /** Milliseconds after which an Open or UploadComplete bulk job vanishes. */
  retentionMs: z.int().min(1).default(retentionMs),
  /** Direction of the list, which is ordered by `systemModstamp` unless `orderBy` says otherwise. */
  listDirection: z.enum(["ascending", "descending"]).default("ascending"),

  /** Bytes of one streaming body. */
  maxStreamingBodyBytes: z.int().min(1).max(64_000_000).default(maxStreamingBodyBytes),
  maxStreamingDeletes: z.int().min(1).default(maxStreamingDeletes),
  maxStreamingRequestsPerSecond: z.int().min(1).default(maxStreamingRequestsPerSecond),

  /** Whether uploads are read as CSV at all; "off" counts and hashes bytes, for benchmarks of a client. */
  csvJudge: z.enum(["strict", "off"]).default("strict"),
  /** What a header column that the schema lacks leads to: 400, or silence as in the real API. */
  unknownColumns: z.enum(["refuse", "drop"]).default("refuse"),
  /** What a byte order mark before the CSV leads to. */
  byteOrderMark: z.enum(["refuse", "accept"]).default("refuse"),
  /** Milliseconds after a schema's registration during which creations are answered 404. */
  schemaWarmUpMs: count.default(0),
  /** Whether keys are tracked; without, only counts and hashes are kept, at no memory per row. */
  keepKeys: z.boolean().default(true),
  /** Whether every applied row is kept in order, for `GET /__emulator/applied`; needs `keepKeys`. */
  keepApplied: z.boolean().default(false),
  /** Calls kept in the request log; older ones are forgotten. */
  maxLoggedRequests: z.int().min(1).default(100_000),
  /** Name of the tenant in error bodies. */
  tenantId: z.string().min(1).default("emulator"),
});

/** Settings with every default filled in. */
export type EmulatorSettings = z.output<typeof settingsShape>;
/** What a caller may give; all of it optional. */
export type EmulatorSettingsInput = z.input<typeof settingsShape>;

/** Fills in the defaults. Throws ERR_CONFIG with every fault: the setting, what is seen and what is allowed. */
export function parseSettings(input: unknown): EmulatorSettings {
  const parsed = settingsShape.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, input));
  throw new BulkError("ERR_CONFIG", `emulator settings: ${faults.join("; ")}`);
}

function faultsOf(issue: z.core.$ZodIssue, input: unknown): readonly string[] {
  if (issue.code === "unrecognized_keys") {
    const names = Object.keys(settingsShape.shape).join(", ");
    return issue.keys.map((key) => `there is no ${key}; there are ${names}`);
  }
  const [name] = issue.path;
  const value: unknown = name === undefined ? input : Object(input)[name];
  const seen = JSON.stringify(value)?.slice(0, 80) ?? "nothing";
  return [`${String(name ?? "all of them")}: ${issue.message} (seen: ${seen})`];
}
