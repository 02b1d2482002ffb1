/**
 * The one shape of a schedule, in headgate.yaml and by HTTP. A schedule starts a **run** at each
 * instant of its cron expression. A run has a **date**; `{yyyy-MM-dd}` and the like in its sources
 * stand for that date.
 */
import { apiNamePattern, connectionNamePattern, headerModes, operations } from "@headgate/core";
import { z } from "zod";
import { formatSchema, preflightSchema, sourceSchema } from "./load-request.ts";

/** Names of schedules and of targets within one: they stand in ids, URLs and Redis keys. */
export const scheduleNamePattern: RegExp = /^[a-z0-9][a-z0-9-]{0,47}$/;

/** What holds a run back until its files are all there; the first that applies: */
const gate = z.union(
  [
    /** A file of this name in the target's prefix, such as `_SUCCESS`. It is never loaded itself. */
    z.strictObject({ file: z.string().min(1).max(256) }),
    /** A JSON manifest of this name in the target's prefix, which then also says what is loaded. */
    z.strictObject({ manifest: z.string().min(1).max(256) }),
  ],
  { error: 'must be one of {"file"}, {"manifest"}' },
);

/** One target of a schedule: what is loaded where. */
export const scheduleTargetSchema = z.strictObject({
  /** Unique within the schedule. Default: the object's name in lower case. */
  name: z.string().regex(scheduleNamePattern).exactOptional(),
  sourceName: z.string().regex(apiNamePattern),
  object: z.string().regex(apiNamePattern),
  operation: z.enum(operations).default("upsert"),
  /** URIs may hold date patterns in braces. A gate and the look-back need a `prefix`. */
  source: sourceSchema,
  header: z.enum(headerModes).exactOptional(),
  format: formatSchema.exactOptional(),
  preflight: preflightSchema.exactOptional(),
  gate: gate.exactOptional(),
  /** Targets of this schedule that must be complete before this one begins. Default: those listed before it. */
  after: z.array(z.string().regex(scheduleNamePattern)).max(100).exactOptional(),
});

/** A schedule. Extra properties are refused. */
export const scheduleSchema = z.strictObject({
  connection: z.string().regex(connectionNamePattern).default("default"),
  /** Five fields, or six with seconds first; as cron-parser reads it. */
  cron: z.string().min(1).max(128),
  /** IANA name, such as `Europe/Oslo`. Default UTC. */
  timeZone: z.string().min(1).max(64).default("UTC"),
  /** The run's date is that of its instant in the time zone plus so many days. Default 0; -1 is yesterday. */
  dateOffsetDays: z.int().min(-366).max(366).default(0),
  /** At least one, unique by name. */
  targets: z.array(scheduleTargetSchema).min(1).max(100),
  /** A listing must stay unchanged for so long before it is taken. Default 60; 0 takes it at once. */
  settleSeconds: z.int().min(0).max(86_400).default(60),
  /** How long after its instant a run waits for gates and settling before it fails. Default 6 hours. */
  waitSeconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(6 * 3600),
  /** Days before the run's date whose prefixes are looked at again for late files. Default 0. */
  lookBackDays: z.int().min(0).max(60).default(0),
  /** Where a prefix holds no new file: `complete` the run, or `fail` it. Default fail. */
  onNoFiles: z.enum(["complete", "fail"]).default("fail"),
  /** Runs that nobody was there to start: `skip` them, start the last `once`, or `each`. Default once. */
  missedRuns: z.enum(["skip", "once", "each"]).default("once"),
  /** At an instant while the run before is unfinished: `skip`, `wait` for it, or run `beside` it. Default wait. */
  overlap: z.enum(["skip", "wait", "beside"]).default("wait"),
  /** Whether instants start runs. Default true; runs by hand start anyway. */
  enabled: z.boolean().default(true),
});

/** A checked schedule, with defaults filled in. */
export type ScheduleSpec = z.output<typeof scheduleSchema>;
export type ScheduleSpecInput = z.input<typeof scheduleSchema>;
export type ScheduleTarget = ScheduleSpec["targets"][number];
