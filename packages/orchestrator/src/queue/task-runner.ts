/** Runs the steps of tasks that BullMQ hands out, with log lines and progress on the task itself. */
import { epochMs, isBulkError, type Milliseconds, type Outcome } from "@headgate/core";
import { DelayedError, type Job, type Processor } from "bullmq";
import { runErrand } from "../errands/run-errand.ts";
import { type EmitEvent, eventLine, type HeadgateEvent } from "../events.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { advanceRun } from "../schedules/advance-run.ts";
import { tick } from "../schedules/tick.ts";
import { claimBulkJobs } from "../steps/claim-bulk-jobs.ts";
import type { StepContext } from "../steps/context.ts";
import type { Isolation } from "../steps/isolation.ts";
import { later } from "../steps/later.ts";
import { reap } from "../steps/reap.ts";
import { runBulkJob } from "../steps/run-bulk-job.ts";
import { runLoad } from "../steps/run-load.ts";
import { sweep } from "../steps/sweep.ts";
import { applyOutcome } from "./apply-outcome.ts";
import { type Lease, takeLease } from "./lease.ts";
import { bulkJobTask, errandTask, loadTask, queueNames, runTask, upkeepTask } from "./queues.ts";
import { checkTask, type SealedTask } from "./task-seal.ts";
import { underLease } from "./under-lease.ts";

/** Pause of a task whose record another worker has just moved on. */
const fencedPauseMs = 1000;

type Run = (context: StepContext, signal: AbortSignal) => Promise<Outcome>;

/** What a task's payload stands for. */
interface Picked {
  readonly connection: string;
  readonly run: Run;
  /** Whether an event is about this task, so that it belongs in its log; steps also serve others. */
  readonly isOwn: (event: HeadgateEvent) => boolean;
  /** Whether the step under way may end when the worker wants to stop; else it is cut off at once. */
  readonly mayEndStep?: boolean;
  /** What its seal must fit; undefined for tasks that need none. */
  readonly sealed?: SealedTask;
}

/**
 * A processor for one queue. `pick` parses the payload. `drain` and `stop` end every step soon; its
 * task goes back to the queue and spends no attempt. A task whose lease is lost is left as it is, to
 * whoever takes it over.
 */
function processor(deps: TaskRunnerDeps, pick: (data: unknown) => Picked): Processor {
  return async (task, token) => {
    const { connection, run, mayEndStep = false, isOwn, sealed } = pick(task.data);
    const context = deps.contextOf(connection);
    if (sealed !== undefined) checkTask(context, sealed, task.id);
    const lease = await leaseOf(task, token, { ...deps, context });
    try {
      const signal = AbortSignal.any([mayEndStep ? deps.stop : deps.drain, lease.signal]);
      const diary = keepDiary(task, context.ports.emit, isOwn);
      const outcome = await outcomeOf(
        {
          ...context,
          ports: {
            ...context.ports,
            emit: diary.emit,
            ingestion: underLease(context.ports.ingestion, lease),
          },
          stopping: deps.drain,
          isolation: deps.isolation,
        },
        run,
        signal,
      ).finally(diary.written);
      if (lease.signal.aborted) throw new DelayedError("the lease was lost");
      return await applyOutcome(task, token, outcome, await ledgerNow(context.ledger));
    } finally {
      lease.release();
    }
  };
}

/** What it throws makes BullMQ leave the task alone, which is no longer ours to move. */
async function leaseOf(
  task: Job,
  token: string | undefined,
  { context, lockMs }: { readonly context: StepContext; readonly lockMs: Milliseconds },
): Promise<Lease> {
  const tell = (why: unknown): string => {
    const reason = why instanceof Error ? why.message : String(why);
    const { queueName: queue, id = "" } = task;
    context.ports.emit({ type: "queue.lease-lost", queue, task: id, reason });
    return reason;
  };
  const lease = await takeLease({
    extend: async () => (await task.extendLock(token ?? "", lockMs)) === 1,
    lockMs,
    stopwatch: context.ports.stopwatch,
  }).catch((error: unknown) => {
    throw new DelayedError(tell(error));
  });
  lease.signal.addEventListener("abort", () => tell(lease.signal.reason), { once: true });
  return lease;
}

/** What processors share. */
export interface TaskRunnerDeps {
  /** Throws ERR_UNKNOWN_CONNECTION. */
  readonly contextOf: (connection: string) => StepContext;
  /** The worker wants to stop: no step begins any more. */
  readonly drain: AbortSignal;
  /** The worker stops now: what is still under way is cut off. */
  readonly stop: AbortSignal;
  /** Lock of a task. */
  readonly lockMs: Milliseconds;
  /** The one of this process. */
  readonly isolation: Isolation;
}

async function outcomeOf(context: StepContext, run: Run, signal: AbortSignal): Promise<Outcome> {
  try {
    return await run(context, signal);
  } catch (error) {
    if (signal.aborted) return { kind: "snooze", until: epochMs(0), reason: "the worker stops" };
    if (isBulkError(error, "ERR_LEDGER_FENCED"))
      return later(await ledgerNow(context.ledger), fencedPauseMs, "another worker was faster");
    throw error;
  }
}

/** Passes events on and writes its own as lines, and parts as progress, onto the task. */
function keepDiary(
  task: Job,
  emit: EmitEvent,
  isOwn: (event: HeadgateEvent) => boolean,
): { readonly emit: EmitEvent; written(): Promise<void> } {
  let lastLine: Promise<unknown> = Promise.resolve();
  return {
    emit(event) {
      emit(event);
      if (!isOwn(event)) return;
      // Lines are for people: one that cannot be written must neither fail the task nor end its worker.
      lastLine = lastLine.then(() => writeLine(task, event)).catch(() => undefined);
    },
    async written() {
      await lastLine;
    },
  };
}

async function writeLine(task: Job, event: HeadgateEvent): Promise<void> {
  await task.log(`${new Date().toISOString()} ${eventLine(event)}`);
  const progress = progressOf(event);
  if (progress !== undefined) await task.updateProgress(progress);
}

function progressOf(event: HeadgateEvent): Readonly<Record<string, unknown>> | undefined {
  switch (event.type) {
    case "load.reading":
      return { state: "planning", sourceObjectsRead: event.sourceObjects, bytesRead: event.bytes };
    case "bulk-job.part-uploaded":
      return {
        parts: `${event.part} uploaded of ${event.parts}`,
        bytesUploaded: event.bytesUploaded,
        bytes: event.bytesInAll,
      };
    default:
      return undefined;
  }
}

/** Runs tasks of `loads`. */
export function loadProcessor(deps: TaskRunnerDeps): Processor {
  return processor(deps, (data) => {
    const { connection, loadId, seal } = loadTask.parse(data);
    return {
      connection,
      sealed: { queue: queueNames.loads, id: loadId, seal },
      run: (context, signal) => runLoad(context, loadId, signal),
      isOwn: (event) => "loadId" in event && event.loadId === loadId,
    };
  });
}

/** Runs tasks of `bulk-jobs`. */
export function bulkJobProcessor(deps: TaskRunnerDeps): Processor {
  return processor(deps, (data) => {
    const { connection, bulkJobId, seal } = bulkJobTask.parse(data);
    return {
      connection,
      sealed: { queue: queueNames.bulkJobs, id: bulkJobId, seal },
      mayEndStep: true,
      run: (context, signal) => runBulkJob(context, bulkJobId, signal),
      isOwn: (event) => "bulkJobId" in event && event.bulkJobId === bulkJobId,
    };
  });
}

/** Runs tasks of `runs`. */
export function runProcessor(deps: TaskRunnerDeps): Processor {
  return processor(deps, (data) => {
    const { connection, runId, seal } = runTask.parse(data);
    return {
      connection,
      sealed: { queue: queueNames.runs, id: runId, seal },
      run: (context, signal) => advanceRun(context, runId, signal),
      isOwn: (event) => "run" in event && event.run === runId,
    };
  });
}

/** Pause of a dry run while this worker has as many as it takes. */
const planPauseMs = 1000;

/** Runs tasks of `errands`; at most `plansAtOnce` of them are dry runs, which read as much as planning does. */
export function errandProcessor(
  deps: TaskRunnerDeps,
  { plansAtOnce }: { readonly plansAtOnce: number },
): Processor {
  let plans = 0;
  return processor(deps, (data) => {
    const { connection, errandId, kind, seal } = errandTask.parse(data);
    return {
      connection,
      sealed: { queue: queueNames.errands, id: errandId, seal },
      isOwn: () => true,
      async run(context, signal) {
        if (kind !== "plan") return await runErrand(context, errandId, signal);
        if (plans >= plansAtOnce)
          return later(await ledgerNow(context.ledger), planPauseMs, "other dry runs go first");
        plans++;
        try {
          return await runErrand(context, errandId, signal);
        } finally {
          plans--;
        }
      },
    };
  });
}

/** Runs tasks of `upkeep`. */
export function upkeepProcessor(deps: TaskRunnerDeps): Processor {
  return processor(deps, (data) => {
    const { connection, kind } = upkeepTask.parse(data);
    return { connection, run: upkeepRuns[kind], isOwn: () => true };
  });
}

const upkeepRuns: Readonly<Record<"claim" | "sweep" | "reap" | "tick", Run>> = {
  async claim(context, signal) {
    await claimBulkJobs(context, signal);
    return { kind: "done" };
  },
  async sweep(context, signal) {
    await sweep(context, signal);
    return { kind: "done" };
  },
  async reap(context, signal) {
    return { kind: "done", result: { ...(await reap(context, signal)) } };
  },
  async tick(context) {
    await tick(context);
    return { kind: "done" };
  },
};
