/** What the API answers of errands and their reports. */
import { operations } from "@headgate/core";
import {
  type ErrandView,
  errandKinds,
  type PlanReport,
  type ScheduleTestReport,
} from "@headgate/orchestrator/producer";
import { z } from "zod";
import { count, file, instant, reason } from "./common.ts";
import { findingsAnswer } from "./load-answers.ts";

/** Result of a dry run. */
const planReport = z
  .object({
    connection: z.string(),
    sourceName: z.string(),
    object: z.string(),
    operation: z.string().describe(operations.join(" or ")),
    ok: z.boolean().describe("whether the load would get as far as a bulk job"),
    reason: reason.exactOptional().describe("why not"),
    sourceObjects: count,
    files: z.array(file).describe("the first 1,000"),
    parts: count,
    bulkJobs: count.describe("fewest bulk jobs, and slots, that it takes by itself"),
    bytes: count,
    records: count,
    findings: findingsAnswer,
  })
  .meta({ id: "PlanReport" }) satisfies z.ZodType<PlanReport>;

/** Result of the test of a schedule. */
const scheduleTestReport = z
  .object({
    schedule: z.string(),
    date: z.iso.date(),
    targets: z.array(
      z.object({
        name: z.string(),
        sources: z.array(z.string()).describe("places that are looked at, dates filled in"),
        ready: z.boolean().describe("whether its gate, if any, is open"),
        waitsFor: z.string().exactOptional(),
        files: z.array(file).describe("the first 1,000 that would be loaded"),
        newFiles: count,
        bytes: count,
        alreadyLoaded: count.describe("files that an earlier run has loaded"),
      }),
    ),
  })
  .meta({ id: "ScheduleTestReport" }) satisfies z.ZodType<ScheduleTestReport>;

/** Work that a worker does for the asking. */
export const errandAnswer: z.ZodType<ErrandView> = z
  .object({
    id: z.string(),
    kind: z.enum(errandKinds),
    connection: z.string(),
    principal: z.string(),
    state: z.enum(["waiting", "running", "done", "failed"]),
    askedAt: instant,
    endedAt: instant.exactOptional(),
    progress: z.object({ sourceObjects: count, bytes: count }).exactOptional(),
    result: z
      .union([planReport, scheduleTestReport, z.record(z.string(), z.unknown())])
      .exactOptional()
      .describe("once done; of a plan a PlanReport, of a schedule-test a ScheduleTestReport"),
    reason: reason.exactOptional().describe("once failed"),
  })
  .meta({ id: "Errand" });
