/**
 * The task of a run. It waits for the run's turn, then works on all targets whose turn has come, and
 * sleeps while they wait; core's schedule/run.ts has the states. Each step reads the run and writes it
 * at the revision read, so a worker that dies, or two that step one run, neither lose nor double
 * anything.
 */
import {
  BulkError,
  endOfRun,
  isBulkError,
  isFinalRunState,
  mayBegin,
  type Outcome,
  reasonCode,
  releaseTargets,
} from "@headgate/core";
import { keyPrefix, ledgerNow } from "../ledger/ledger.ts";
import type { Loads } from "../loads.ts";
import { createRedisLoads } from "../redis-loads.ts";
import { tampered } from "../seals/seals.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import type { StepContext } from "../steps/context.ts";
import { later } from "../steps/later.ts";
import { endRun } from "./end-run.ts";
import { endUnreadableRun } from "./end-unreadable-run.ts";
import { gatherFiles } from "./gather-files.ts";
import { loadFiles } from "./load-files.ts";
import type { TargetStep } from "./move-target.ts";
import { type RunRecord, readOpenRuns, readRun, writeRun } from "./run-record.ts";
import { lineOf } from "./wake-waiting.ts";

/** A wake-up comes with a run's turn, and from the sweep should that one be missed. */
const sleepMs = 24 * 3_600_000;

/** Moves a run on as far as it goes now. Throws ERR_LEDGER_FENCED where another worker does so too. */
export async function advanceRun(
  context: StepContext,
  runId: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const loads = loadsOf(context);
  let run = await readRun(context.ledger, runId).catch(asUnreadable);
  if (run instanceof BulkError) {
    await endUnreadableRun(context, runId, run);
    return { kind: "fail", code: reasonCode(run.code), message: run.message };
  }
  if (run === undefined) return { kind: "cancel", reason: "the run is gone" };
  if (!run.genuine && !isFinalRunState(run.state)) run = await refuse(context, run);
  if (run.state === "waiting") {
    const line = lineOf(await readOpenRuns(context.ledger), run.schedule);
    if (!mayBegin(run, line, run.spec.overlap))
      return later(await ledgerNow(context.ledger), sleepMs, "waits for the runs before it");
    run = await begin(context, run);
  }
  while (run.state === "running") {
    const pass = await workOnTargets(context, run, { loads, signal });
    run = pass.run;
    const end = endOfRun(run.targets);
    if (end !== undefined)
      run = await writeRun(context.ledger, run, {
        ...end,
        endedAt: await ledgerNow(context.ledger),
      });
    else if (!pass.moved) return snoozeUntilFirst(pass.waits);
  }
  return await endRun(context, run, loads);
}

function asUnreadable(error: unknown): BulkError {
  if (isBulkError(error, "ERR_RECORD_UNREADABLE")) return error;
  throw error;
}

async function refuse(context: StepContext, run: RunRecord): Promise<RunRecord> {
  const { code, message, fields } = tampered("run", run.id);
  const refused = await writeRun(context.ledger, run, {
    state: "failed",
    reason: { code: reasonCode(code), message },
    endedAt: await ledgerNow(context.ledger),
  });
  tellRefused(context, { code, fields });
  return refused;
}

async function begin(context: StepContext, run: RunRecord): Promise<RunRecord> {
  const { ledger, ports } = context;
  const now = await ledgerNow(ledger);
  const begun = await writeRun(ledger, run, {
    state: "running",
    startedAt: now,
    targets: releaseTargets(run.targets, now),
  });
  const { schedule, id, date, cause } = run;
  const { connection } = ledger;
  ports.emit({ type: "schedule.run-started", connection, schedule, run: id, date, cause });
  return begun;
}

type Wait = NonNullable<TargetStep["wait"]>;

/** One step of each target that gathers or loads. */
async function workOnTargets(
  context: StepContext,
  run: RunRecord,
  deps: { readonly loads: Loads; readonly signal: AbortSignal },
): Promise<{ readonly run: RunRecord; readonly moved: boolean; readonly waits: readonly Wait[] }> {
  let standing = run;
  let moved = false;
  const waits: Wait[] = [];
  for (const [index, spec] of run.spec.targets.entries()) {
    deps.signal.throwIfAborted();
    const target = standing.targets[index];
    if (target?.state !== "gathering" && target?.state !== "loading") continue;
    const at = { ...deps, target, spec };
    const step: TargetStep =
      target.state === "gathering"
        ? await gatherFiles(context, standing, at)
        : await loadFiles(context, standing, at);
    standing = step.run;
    if (step.wait === undefined) moved = true;
    else waits.push(step.wait);
  }
  return { run: standing, moved, waits };
}

function snoozeUntilFirst(waits: readonly Wait[]): Outcome {
  const [first] = waits.toSorted((a, b) => a.until - b.until);
  if (first === undefined) throw new TypeError("a run goes on with no target that could");
  return { kind: "snooze", until: first.until, reason: first.message };
}

/** The door to loads of the run's own connection. */
function loadsOf({ ledger, signals, ports }: StepContext): Loads {
  return createRedisLoads({
    redis: ledger.redis,
    prefix: keyPrefix(ledger),
    connections: new Map([[ledger.connection, { ledger, signals }]]),
    chance: ports.chance,
    emit: ports.emit,
  });
}
