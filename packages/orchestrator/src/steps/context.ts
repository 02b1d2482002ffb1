/** What every step gets: the connection's ledger and ports, its settings, and the way to wake tasks. */
import {
  defaultReapSettings,
  type EpochMs,
  type Milliseconds,
  maxFilesPerBulkJob,
  maxPartBytes,
  type Outcome,
  type ReapSettings,
  seconds,
} from "@headgate/core";
import type { Ledger } from "../ledger/ledger.ts";
import type { ConnectionPorts } from "../ports.ts";
import type { Isolation } from "./isolation.ts";

/** Sizes, paces and choices of the steps. */
export interface StepSettings {
  /** Files in a bulk job. Default and most: 100. */
  readonly maxFilesPerBulkJob: number;
  /** Bytes of a part, header included. Default and most: 150,000,000. */
  readonly maxPartBytes: typeof maxPartBytes;
  /** Shortest and longest time between two list calls of a connection. Defaults 3 s and 15 s. */
  readonly pollMinMs: Milliseconds;
  readonly pollMaxMs: Milliseconds;
  /** Age of the tenant's list above which it is read again before a claim. Default 60 s. */
  readonly observeEveryMs: Milliseconds;
  /**
   * After an upload without a trustworthy answer: `reput` sends the part again into the same bulk
   * job (rows equal by key are harmless, a slot is dear); `restart` aborts the bulk job.
   */
  readonly onUnknownUpload: "reput" | "restart";
  /** Time from the sending of a create call after which a bulk job that is not listed was never made. Default 45 s. */
  readonly createGraceMs: Milliseconds;
  /** Longest a task holds its lock before it lets others run. Default 20 s. */
  readonly stepBudgetMs: Milliseconds;
  /** Time between two looks of a run of a schedule at a gate or a listing. Default 30 s. */
  readonly lookEveryMs: Milliseconds;
  /**
   * Most files that such a look may list over all dates, for they are held in memory, some 600 bytes
   * each. Default 200,000.
   */
  readonly filesPerLook: number;
  readonly reap: ReapSettings;
}

/** The defaults named in `StepSettings`. */
export const defaultStepSettings: StepSettings = {
  maxFilesPerBulkJob,
  maxPartBytes,
  pollMinMs: seconds(3),
  pollMaxMs: seconds(15),
  observeEveryMs: seconds(60),
  onUnknownUpload: "reput",
  createGraceMs: seconds(45),
  stepBudgetMs: seconds(20),
  lookEveryMs: seconds(30),
  filesPerLook: 200_000,
  reap: defaultReapSettings,
};

/** How steps reach the task queues without knowing them. */
export interface TaskSignals {
  /** Makes sure that the load has a task that will run; after that it leaves the outbox. */
  loadAccepted(load: { readonly id: string; readonly title: string }): Promise<void>;
  /** Makes sure that the bulk job has a task, which runs soon. */
  bulkJobClaimed(bulkJob: { readonly id: string; readonly title: string }): Promise<void>;
  /** The bulk job's task should look now, whatever it waits for. */
  bulkJobChanged(bulkJobId: string): Promise<void>;
  /** The load has changed state for good: its task should look now. */
  loadEnded(loadId: string): Promise<void>;
  /** Shows how far a load is. */
  loadProgressed(loadId: string): Promise<void>;
  /** Waiting work should be looked at again at this instant. */
  claimAt(until: EpochMs): Promise<void>;
  /** Makes sure that the run of a schedule has a task that will run. */
  runRecorded(run: { readonly id: string; readonly title: string }): Promise<void>;
  /** The run's task should look now, whatever it waits for. */
  runChanged(runId: string): Promise<void>;
  /** Ticks of the connection come at the schedule's instants from now on; without timing, no more. */
  scheduleChanged(
    schedule: string,
    timing: { readonly cron: string; readonly timeZone: string } | undefined,
  ): Promise<void>;
}

/** A connection's step has these and nothing else. */
export interface StepContext {
  readonly ledger: Ledger;
  readonly ports: ConnectionPorts;
  readonly settings: StepSettings;
  readonly signals: TaskSignals;
  /** Aborted once the worker wants to stop: the step under way may end, no other begins. */
  readonly stopping?: AbortSignal;
  /** Who works beside whom in this process. Absent: nobody else works here. */
  readonly isolation?: Isolation;
}

/** A step's answer: the task's outcome, or that its next step can follow at once. */
export type StepResult = Outcome | "next";
