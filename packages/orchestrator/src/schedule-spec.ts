/**
 * The one shape of a schedule, in headgate.yaml and by HTTP. A schedule starts a **run** at each
 * instant of its cron expression. A run has a **date**; `{yyyy-MM-dd}` and the like in its sources
 * stand for that date.
 */
import { apiNamePattern, connectionNamePattern, operations } from "@headgate/core";
import { z } from "zod";
import { formatSchema, headerSchema, preflightSchema, sourceSchema } from "./load-request.ts";

/** Names of schedules and of targets within one: they stand in ids, URLs and Redis keys. */
export const scheduleNamePattern: RegExp = /^[a-z0-9][a-z0-9-]{0,47}$/;

const gate = z
  .union(
    [
      z.strictObject({
        file: z
          .string()
          .min(1)
          .max(256)
          .describe(
            "a file of this name in the target's prefix, such as _SUCCESS; never loaded itself",
          ),
      }),
      z.strictObject({
        manifest: z
          .string()
          .min(1)
          .max(256)
          .describe(
            "a JSON manifest of this name in the target's prefix, which also says what is loaded",
          ),
      }),
    ],
    { error: 'must be one of {"file"}, {"manifest"}' },
  )
  .describe("what must be there before the target is loaded; default nothing");

/** One target of a schedule: what is loaded where. */
export const scheduleTargetSchema = z.strictObject({
  name: z
    .string()
    .regex(scheduleNamePattern)
    .exactOptional()
    .describe("unique within the schedule; default the object's name in lower case"),
  sourceName: z.string().regex(apiNamePattern).describe("short API name of the connector"),
  object: z.string().regex(apiNamePattern).describe("an object of the connector's schema"),
  operation: z.enum(operations).default("upsert").describe("what is done with the records"),
  source: sourceSchema.describe(
    "which files; URIs may hold date patterns such as {yyyy-MM-dd}. A gate and the look-back need a prefix",
  ),
  header: headerSchema.exactOptional(),
  format: formatSchema.exactOptional(),
  preflight: preflightSchema.exactOptional(),
  gate: gate.exactOptional(),
  after: z
    .array(z.string().regex(scheduleNamePattern))
    .max(100)
    .exactOptional()
    .describe(
      "targets that must be complete before this one begins; default those listed before it",
    ),
});

/** A schedule. Extra properties are refused. */
export const scheduleSchema = z.strictObject({
  connection: z
    .string()
    .regex(connectionNamePattern)
    .default("default")
    .describe("name of a configured connection"),
  cron: z
    .string()
    .min(1)
    .max(128)
    .describe(
      "minute, hour, day of month, month, day of week; six fields begin with the second. At most 1,440 instants a day",
    ),
  timeZone: z.string().min(1).max(64).default("UTC").describe("IANA name, such as Europe/Oslo"),
  dateOffsetDays: z
    .int()
    .min(-366)
    .max(366)
    .default(0)
    .describe(
      "a run's date is that of its instant in the time zone plus so many days; -1 is yesterday",
    ),
  targets: z.array(scheduleTargetSchema).min(1).max(100).describe("what is loaded, in order"),
  settleSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(60)
    .describe("a listing must stay unchanged for so long before it is taken; 0 takes it at once"),
  waitSeconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(6 * 3600)
    .describe(
      "how long each target waits for its gate and files, from when its turn has come, before it fails",
    ),
  lookBackDays: z
    .int()
    .min(0)
    .max(60)
    .default(0)
    .describe("days before the run's date whose prefixes are looked at again for late files"),
  onNoFiles: z
    .enum(["complete", "fail"])
    .default("fail")
    .describe("how a run ends where a prefix holds no new file"),
  missedRuns: z
    .enum(["skip", "once", "each"])
    .default("once")
    .describe("runs that nobody was there to start: none, the last, or each"),
  overlap: z
    .enum(["skip", "wait", "beside"])
    .default("wait")
    .describe("at an instant while the run before is unfinished: no run, later, or at once"),
  enabled: z
    .boolean()
    .default(true)
    .describe("whether instants start runs; runs by hand start anyway"),
});

/** A checked schedule, with defaults filled in. */
export type ScheduleSpec = z.output<typeof scheduleSchema>;
export type ScheduleSpecInput = z.input<typeof scheduleSchema>;
export type ScheduleTarget = ScheduleSpec["targets"][number];
