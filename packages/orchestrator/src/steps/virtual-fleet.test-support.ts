/** A worker of one test whose tasks run one after another on a clock that jumps from wake-up to wake-up. */
import { tmpdir } from "node:os";
import {
  defaultPreflight,
  epochMs,
  isBulkError,
  type Milliseconds,
  type Outcome,
  type SlotLimits,
  seconds,
} from "@headgate/core";
import type { HeadgateEvent } from "../events.ts";
import { leaveOutbox } from "../ledger/outbox.ts";
import { openScratchFile } from "../preflight/scratch-file.ts";
import { doorOfTest } from "../redis-loads.test-support.ts";
import { systemChance, systemStopwatch } from "../system-ports.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import {
  defaultStepSettings,
  type StepContext,
  type StepSettings,
  type TaskSignals,
} from "./context.ts";
import { reap } from "./reap.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";
import { sweep } from "./sweep.ts";
import { createTestStore, createTestTenant, type TestTenant } from "./tenant.test-support.ts";

export interface VirtualFleet {
  readonly context: StepContext;
  readonly tenant: TestTenant;
  readonly events: readonly HeadgateEvent[];
  now(): number;
  /** Puts a file with one record of `crm/<object>` in the store and accepts its load; answers the id. */
  load(object: string): Promise<string>;
  /** Runs what is due within the span, then stands at its end. */
  run(spanMs: number): Promise<void>;
  /** Ends the worker in the middle of its step: the error of the call under way is its last. */
  readonly crash: Error;
}

/** Slower than in a worker, for nothing here depends on it but the time that a test takes. */
const sweepEveryMs = seconds(300);

/** A round of upkeep that meets a fault of the API is over; the next one comes. */
function passing(error: unknown): void {
  if (!isBulkError(error)) throw error;
}
const reapEveryMs = seconds(300);

export function virtualFleet(
  options: {
    readonly limits?: Partial<SlotLimits>;
    readonly settings?: Partial<StepSettings>;
    /** Runs after each task. */
    readonly afterStep?: () => void;
  } = {},
): VirtualFleet {
  const door = doorOfTest(options.limits === undefined ? {} : { limits: options.limits });
  const { ledger } = door.of("default");
  const tenant = createTestTenant();
  const files = new Map<string, string>();
  const events: HeadgateEvent[] = [];
  const due = new Map<string, number>();
  const crash = new Error("the worker dies here");
  let now = 1_000_000;

  const wake = (task: string): Promise<void> => {
    due.set(task, now);
    return Promise.resolve();
  };
  const signals: TaskSignals = {
    ...door.of("default").signals,
    async loadAccepted({ id }) {
      await wake(`load ${id}`);
      await leaveOutbox(ledger, id);
    },
    async bulkJobClaimed({ id }) {
      if (!due.has(`bulk-job ${id}`)) await wake(`bulk-job ${id}`);
    },
    bulkJobChanged: (id) => wake(`bulk-job ${id}`),
    loadEnded: (id) => wake(`load ${id}`),
    loadProgressed: () => Promise.resolve(),
    claimAt(until) {
      due.set("claim", Math.min(until, due.get("claim") ?? until));
      return Promise.resolve();
    },
  };
  const context: StepContext = {
    ledger,
    signals,
    settings: { ...defaultStepSettings, ...options.settings },
    ports: {
      ingestion: tenant.ingestion,
      source: createTestStore(files),
      catalogue: new Map([["crm", "unchecked"]]),
      accessOf: () => "any",
      preflightOf: () => defaultPreflight,
      openScratch: () => openScratchFile(tmpdir(), systemChance.newId()),
      chance: systemChance,
      stopwatch: systemStopwatch,
      emit: (event) => void events.push(event),
    },
  };
  due.set("sweep", now);
  due.set("reap", now + reapEveryMs);

  async function step(task: string): Promise<Outcome | Milliseconds> {
    const signal = new AbortController().signal;
    const [kind, id = ""] = task.split(" ");
    switch (kind) {
      case "load":
        return await runLoad(context, id, signal);
      case "bulk-job":
        return await runBulkJob(context, id, signal);
      case "claim":
        await claimBulkJobs(context, signal);
        return { kind: "done" };
      case "sweep":
        await sweep(context, signal);
        return sweepEveryMs;
      default:
        await reap(context, signal).catch(passing);
        return reapEveryMs;
    }
  }

  async function runOne(task: string, at: number): Promise<void> {
    now = Math.max(now, Math.ceil(at));
    door.setNow(now);
    tenant.createdAt = now;
    due.delete(task);
    const outcome = await step(task).catch((error: unknown) => {
      if (error !== crash) throw error;
      return seconds(30);
    });
    if (typeof outcome === "number") due.set(task, now + outcome);
    else if (outcome.kind === "snooze")
      due.set(task, Math.min(outcome.until, due.get(task) ?? outcome.until));
    options.afterStep?.();
  }

  return {
    context,
    tenant,
    events,
    crash,
    now: () => now,
    async load(object) {
      const uri = `s3://bucket/${files.size}.csv`;
      files.set(uri, `id\n${files.size}\n`);
      const { load } = await door.accept({ object, source: { uri } });
      await signals.loadAccepted({ id: load.id, title: load.id });
      return load.id;
    },
    async run(spanMs) {
      const end = now + spanMs;
      for (;;) {
        const [next] = [...due].sort(([, a], [, b]) => a - b);
        if (next === undefined || next[1] > end) break;
        await runOne(...next);
      }
      now = end;
      door.setNow(epochMs(now));
    },
  };
}
