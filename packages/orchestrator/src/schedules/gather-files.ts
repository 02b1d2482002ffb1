/** The step of a target that gathers its files: looks, judges, and takes them once they may be taken. */
import {
  assertNever,
  decideGathering,
  isBulkError,
  type RunReason,
  type RunTarget,
  reasonCode,
  retryTable,
} from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import type { ScheduleTarget } from "../schedule-spec.ts";
import type { StepContext } from "../steps/context.ts";
import { forgetFiles, rememberFiles, targetKey } from "./file-ledger.ts";
import { type JudgedFiles, judgeFiles } from "./judge-files.ts";
import { look } from "./look.ts";
import { moveTarget, type TargetStep, waitForTarget, withTarget } from "./move-target.ts";
import { noteLoaded } from "./note-loaded.ts";
import type { RunRecord } from "./run-record.ts";
import { filesPerLoad, readTakenVersion, takeFiles } from "./take-files.ts";

/** A target of a run, with the schedule's words about it. */
export interface TargetAt {
  readonly target: RunTarget;
  readonly spec: ScheduleTarget;
}

/** What a look has found, or why it could not look. */
type Seen =
  | (JudgedFiles & { readonly kind: "files"; readonly gateWaitsFor: string | undefined })
  | { readonly kind: "problem"; readonly reason: RunReason; readonly mayPass: boolean };

/** One look at a gathering target of a run, and what follows from it. Throws ERR_LEDGER_FENCED. */
export async function gatherFiles(
  context: StepContext,
  run: RunRecord,
  at: TargetAt & { readonly signal: AbortSignal },
): Promise<TargetStep> {
  const { ledger } = context;
  const { target } = at;
  const key = targetKey(at.spec);
  await noteLoaded(ledger);
  const takenVersion = await readTakenVersion(ledger, key);
  const seen = await see(context, run, at);
  const now = await ledgerNow(ledger);
  const since = target.since ?? now;
  const waitMs = run.spec.waitSeconds * 1000;
  if (seen.kind === "problem") {
    const goesOn = seen.mayPass && now < since + waitMs;
    return goesOn
      ? await waitForTarget(context, run, { target, reason: seen.reason })
      : await moveTarget(context, run, { ...target, state: "failed", reason: seen.reason });
  }
  const decision = decideGathering({
    ...seen,
    now,
    cause: run.cause,
    since,
    waitMs,
    settleMs: run.spec.settleSeconds * 1000,
    onNoFiles: run.spec.onNoFiles,
    newFiles: seen.newFiles.length,
    knownFiles: seen.ownKnown,
    listing: target.listing,
  });
  switch (decision.kind) {
    case "wait":
      return await waitForTarget(context, run, {
        target: { ...target, listing: decision.listing ?? target.listing },
        reason: { code: "waiting", message: decision.message },
        until: decision.until,
      });
    case "fail":
      return await moveTarget(context, run, {
        ...target,
        state: "failed",
        reason: decision.reason,
      });
    case "nothing":
      await remember(context, key, seen);
      return await moveTarget(context, run, gathered(target, "complete"));
    case "take":
      await remember(context, key, seen);
      return { run: await take(context, run, { target, key, takenVersion, files: seen.newFiles }) };
    default:
      return assertNever(decision);
  }
}

async function see(
  context: StepContext,
  run: RunRecord,
  { spec, signal }: TargetAt & { readonly signal: AbortSignal },
): Promise<Seen> {
  // A backfill says itself which dates it covers.
  const lookBackDays = run.cause === "backfill" ? 0 : run.spec.lookBackDays;
  const { date, principal } = run;
  try {
    const found = await look(context, { target: spec, date, lookBackDays, principal }, signal);
    const judged = await judgeFiles(context.ledger, targetKey(spec), found);
    return { kind: "files", ...judged, gateWaitsFor: found.waitsFor };
  } catch (error) {
    if (!isBulkError(error) || error.code === "ERR_REDIS_AWAY") throw error;
    const reason = { code: reasonCode(error.code), message: error.message };
    // A manifest may be seen while it is written.
    const mayPass =
      retryTable[error.code].retry !== "never" || error.code === "ERR_SOURCE_MANIFEST";
    return { kind: "problem", reason, mayPass };
  }
}

async function remember({ ledger }: StepContext, key: string, seen: JudgedFiles): Promise<void> {
  const now = await ledgerNow(ledger);
  await rememberFiles(ledger, key, { digests: seen.known, now });
  await forgetFiles(ledger, key, now);
}

async function take(
  { ledger, ports }: StepContext,
  run: RunRecord,
  fixed: {
    readonly target: RunTarget;
    readonly key: string;
    readonly takenVersion: string;
    readonly files: JudgedFiles["newFiles"];
  },
): Promise<RunRecord> {
  const { target, files } = fixed;
  const loading: RunTarget = {
    ...gathered(target, "loading"),
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    chunks: Math.ceil(files.length / filesPerLoad),
  };
  return await takeFiles(ledger, run, {
    files,
    targetName: target.name,
    targetKey: fixed.key,
    takenVersion: fixed.takenVersion,
    targets: withTarget(run, loading),
    attempt: ports.chance.newId(),
  });
}

/** The target without what only gathering needs. */
function gathered(target: RunTarget, state: "complete" | "loading"): RunTarget {
  return { ...target, state, listing: undefined, reason: undefined };
}
