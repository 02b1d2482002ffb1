/** What the API answers of schedules, their runs and backfills. */
import { runCauses, runStates, runTargetStates } from "@headgate/core";
import {
  type BackfillView,
  type RunPage,
  type RunView,
  type ScheduleView,
  scheduleSchema,
} from "@headgate/orchestrator/producer";
import { z } from "zod";
import { count, instant, nextCursor, reason } from "./common.ts";

/** A run of a schedule; once ended it is the run's summary. */
export const runAnswer: z.ZodType<RunView> = z
  .object({
    id: z.string(),
    schedule: z.string(),
    connection: z.string(),
    date: z.iso.date(),
    cause: z.enum(runCauses),
    backfill: z.string().exactOptional().describe("the backfill it belongs to"),
    state: z.enum(runStates).describe("waiting and running move on by themselves"),
    reason: reason.exactOptional(),
    dueAt: instant.describe("instant of the cron expression, or of the request"),
    startedAt: instant.exactOptional(),
    endedAt: instant.exactOptional(),
    targets: z.array(
      z
        .object({
          name: z.string(),
          sourceName: z.string(),
          object: z.string(),
          state: z.enum(runTargetStates),
          reason: reason.exactOptional().describe("what it waits for, or why it failed"),
          loads: z.array(z.string()),
          files: count,
          bytes: count,
          records: count,
        })
        .meta({ id: "RunTarget" }),
    ),
    files: count,
    bytes: count,
    records: count,
  })
  .meta({ id: "Run" });

export const runPageAnswer: z.ZodType<RunPage> = z
  .object({ runs: z.array(runAnswer), nextCursor })
  .meta({ id: "RunPage" });

export const scheduleAnswer: z.ZodType<ScheduleView> = z
  .object({
    name: z.string(),
    origin: z.enum(["file", "api"]).describe("file: stands in headgate.yaml and is changed there"),
    principal: z.string(),
    paused: z.boolean(),
    spec: scheduleSchema,
    nextRuns: z.array(instant).describe("empty while paused or not enabled"),
    lastRun: runAnswer.exactOptional(),
  })
  .meta({ id: "Schedule" });

export const schedulesAnswer: z.ZodType<{ readonly schedules: readonly ScheduleView[] }> = z.object(
  { schedules: z.array(scheduleAnswer) },
);

export const nextRunsAnswer: z.ZodType<{ readonly nextRuns: readonly string[] }> = z.object({
  nextRuns: z.array(instant),
});

export const backfillAnswer: z.ZodType<BackfillView> = z
  .object({
    id: z.string(),
    schedule: z.string(),
    from: z.iso.date(),
    to: z.iso.date(),
    leaveSlots: count,
    runs: z.array(runAnswer),
  })
  .meta({ id: "Backfill" });
