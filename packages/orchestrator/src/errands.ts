/**
 * An errand is work that only a worker can do, because it has the tenant's key and the sources,
 * asked for by someone who waits for its answer: a dry run, an abort, a round of the reaper. It is
 * kept for a day after it was asked for, and after it has ended; of those of one client in a
 * connection that have ended, the newest 500.
 *
 *   waiting   recorded, its task queued. Taken by a worker -> running.
 *   running   a worker is at it. Answered -> done; an expected failure -> failed; the worker stops
 *             -> waiting. A worker that dies is followed by another, at most 3 times -> failed.
 *   done      `result` is a report, by kind. Final.
 *   failed    `reason` says why. Final.
 */
import type { Findings } from "@headgate/core";
import { z } from "zod";
import { loadRequestSchema } from "./load-request.ts";
import type { Caller } from "./loads.ts";

const connection = z.string();

/** What can be asked for. */
export const errandRequestSchema = z.discriminatedUnion("kind", [
  /** Plans a load without recording it: see {@link PlanReport}. */
  z.strictObject({ kind: z.literal("plan"), request: loadRequestSchema }),
  /** What a run of a schedule for this date would take: see {@link ScheduleTestReport}. */
  z.strictObject({
    kind: z.literal("schedule-test"),
    connection,
    schedule: z.string(),
    date: z.iso.date(),
  }),
  /** Aborts a bulk job by our id or the API's. Ours: its parts return to their lines. */
  z.strictObject({
    kind: z.literal("abort-bulk-job"),
    connection,
    id: z.string().min(1).max(128),
  }),
  /** Reads the tenant's list of unfinished bulk jobs now. */
  z.strictObject({ kind: z.literal("observe"), connection }),
  /** A round of the reaper now. */
  z.strictObject({ kind: z.literal("reap"), connection }),
]);
export type ErrandRequest = z.output<typeof errandRequestSchema>;
export const errandKinds = [
  "plan",
  "schedule-test",
  "abort-bulk-job",
  "observe",
  "reap",
] as const satisfies readonly ErrandRequest["kind"][];
export type ErrandKind = (typeof errandKinds)[number];

/** An errand as it is shown. */
export interface ErrandView {
  readonly id: string;
  readonly kind: ErrandKind;
  readonly connection: string;
  readonly principal: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly askedAt: string;
  readonly endedAt?: string;
  /** How far it is, where that can be told: source objects and bytes read. */
  readonly progress?: { readonly sourceObjects: number; readonly bytes: number };
  /** Once done: a report, by kind. */
  readonly result?: Readonly<Record<string, unknown>>;
  /** Once failed: a stable code, and a sentence. */
  readonly reason?: { readonly code: string; readonly message: string };
}

/** Result of the errand `plan`. */
export interface PlanReport {
  readonly connection: string;
  readonly sourceName: string;
  readonly object: string;
  readonly operation: string;
  /** Whether the load would be accepted and get as far as a bulk job; else `reason`. */
  readonly ok: boolean;
  readonly reason?: { readonly code: string; readonly message: string };
  readonly sourceObjects: number;
  /** The first 1,000 source objects. */
  readonly files: readonly { readonly uri: string; readonly bytes: number }[];
  readonly parts: number;
  /** Fewest bulk jobs, and with them slots, that the load takes by itself. */
  readonly bulkJobs: number;
  readonly bytes: number;
  readonly records: number;
  readonly findings: Findings;
}

/** Result of the errand `schedule-test`. */
export interface ScheduleTestReport {
  readonly schedule: string;
  readonly date: string;
  readonly targets: readonly {
    readonly name: string;
    /** Places that are looked at, dates filled in. */
    readonly sources: readonly string[];
    /** Whether the gate, if any, is open; what it waits for otherwise. */
    readonly ready: boolean;
    readonly waitsFor?: string;
    /** The first 1,000 files that would be loaded, their number and bytes in all. */
    readonly files: readonly { readonly uri: string; readonly bytes: number }[];
    readonly newFiles: number;
    readonly bytes: number;
    /** Files that an earlier run has loaded. */
    readonly alreadyLoaded: number;
  }[];
}

/** The door to errands. Every method throws ERR_REDIS_AWAY where Redis does not answer. */
export interface Errands {
  /**
   * Records an errand and queues it. Throws ERR_UNKNOWN_CONNECTION, ERR_CLIENT_FORBIDDEN, and
   * ERR_TOO_MANY_PENDING for a client that has 100 unfinished ones in a connection; for `plan` also
   * what `Loads.check` throws, for `abort-bulk-job` ERR_BULK_JOB_NOT_FOUND.
   */
  ask(request: ErrandRequest, caller: Caller): Promise<ErrandView>;
  get(id: string): Promise<ErrandView | undefined>;
}
