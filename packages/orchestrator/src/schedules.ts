/** The door to schedules and their runs; state machines are in core's schedule/run.ts. */
import type { Caller } from "./loads.ts";
import type { ScheduleSpec } from "./schedule-spec.ts";

/** A schedule as it is shown. */
export interface ScheduleView {
  readonly name: string;
  /** `file`: stands in headgate.yaml and is changed there. `api`: made by HTTP. */
  readonly origin: "file" | "api";
  readonly principal: string;
  readonly paused: boolean;
  readonly spec: ScheduleSpec;
  /** Next instants, ISO 8601 in UTC; empty while paused or not enabled. */
  readonly nextRuns: readonly string[];
  readonly lastRun?: RunView;
}

/** One target of a run. */
export interface RunTargetView {
  readonly name: string;
  readonly sourceName: string;
  readonly object: string;
  /** `blocked` by an earlier target, `gathering` its files, `loading`, or ended. */
  readonly state: "blocked" | "gathering" | "loading" | "complete" | "failed" | "skipped";
  /** What it waits for, or why it failed. */
  readonly reason?: { readonly code: string; readonly message: string };
  readonly loads: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
}

/** A run of a schedule; once ended it is the run's summary. */
export interface RunView {
  readonly id: string;
  readonly schedule: string;
  readonly connection: string;
  /** yyyy-MM-dd */
  readonly date: string;
  readonly cause: "cron" | "hand" | "backfill";
  /** The backfill it belongs to. */
  readonly backfill?: string;
  readonly state: "waiting" | "running" | "complete" | "failed" | "cancelled" | "skipped";
  readonly reason?: { readonly code: string; readonly message: string };
  /** The instant of the cron expression, or of the request. */
  readonly dueAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly targets: readonly RunTargetView[];
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
}

export interface RunPage {
  readonly runs: readonly RunView[];
  readonly nextCursor?: string;
}

/** A backfill: one run a date, oldest first, one at a time. */
export interface BackfillView {
  readonly id: string;
  readonly schedule: string;
  readonly from: string;
  readonly to: string;
  readonly leaveSlots: number;
  readonly runs: readonly RunView[];
}

/**
 * Names are unique within a connection; `name` may be written `connection.name`, and must be where
 * two connections have the name (else ERR_REQUEST_INVALID). Every method throws ERR_REDIS_AWAY
 * where Redis does not answer, and the ones that take a name ERR_SCHEDULE_NOT_FOUND.
 */
export interface Schedules {
  list(connection?: string): Promise<readonly ScheduleView[]>;
  get(name: string): Promise<ScheduleView>;
  /** Throws ERR_SCHEDULE_EXISTS, ERR_REQUEST_INVALID, and what `Loads.check` throws for its targets. */
  create(name: string, spec: ScheduleSpec, caller: Caller): Promise<ScheduleView>;
  /** Throws ERR_SCHEDULE_FIXED. Runs under way go on. */
  remove(name: string): Promise<void>;
  /** Both do nothing where it is so already. */
  pause(name: string): Promise<ScheduleView>;
  resume(name: string): Promise<ScheduleView>;
  /**
   * A run by hand for a date, default that of now. Idempotent by key where one is given. Throws
   * ERR_REQUEST_INVALID, ERR_CLIENT_FORBIDDEN, ERR_IDEMPOTENCY_CONFLICT, and ERR_TOO_MANY_PENDING
   * where the connection would have more than 2,000 unfinished runs.
   */
  runNow(
    name: string,
    options: { readonly date?: string; readonly caller: Caller; readonly idempotencyKey?: string },
  ): Promise<RunView>;
  /** A run for each date from `from` to `to`, at most 366; all or none. `leaveSlots` default 5. Throws likewise. */
  backfill(
    name: string,
    options: {
      readonly from: string;
      readonly to: string;
      readonly leaveSlots?: number;
      readonly caller: Caller;
      readonly idempotencyKey?: string;
    },
  ): Promise<BackfillView>;
  /** The next `count` instants after now, at most 100. */
  nextRuns(name: string, count: number): Promise<readonly string[]>;
  /** Newest first. */
  runs(name: string, page: { readonly limit?: number; readonly cursor?: string }): Promise<RunPage>;
  run(id: string): Promise<RunView | undefined>;
  /**
   * Cancels the run and those of its loads that can be; one that is cancelled is answered as it is.
   * Throws ERR_RUN_NOT_FOUND, and ERR_RUN_STATE for one that has ended otherwise.
   */
  cancelRun(id: string): Promise<RunView>;
}
