/** Cancels a run; of a backfill also the runs after it. */
import { BulkError, isBulkError, isFinalRunState, type RunTarget } from "@headgate/core";
import { type Ledger, ledgerNow } from "../ledger/ledger.ts";
import { type RunRecord, readOpenRuns, readRun, writeRun } from "./run-record.ts";
import { lineOf } from "./wake-waiting.ts";

/** Times that a run which a worker is moving on is read again. */
const tries = 20;

const reason = { code: "cancelled", message: "cancelled on request" };

/**
 * Writes that the run is cancelled; its loads are cancelled by `endRun`. Answers every run that now
 * is, this one first; one that was cancelled before is answered as it is. Throws ERR_RUN_NOT_FOUND,
 * ERR_RUN_STATE.
 */
export async function cancelRun(
  ledger: Ledger,
  runId: string,
): Promise<readonly [RunRecord, ...RunRecord[]]> {
  const run = await readRun(ledger, runId);
  if (run === undefined) throw noRun(runId);
  const rest = (await laterOfBackfill(ledger, run)).toReversed();
  const cancelled: RunRecord[] = [];
  // The last one first, so that none of them begins meanwhile.
  for (const { id } of rest) {
    const done = await cancelUnlessEnded(ledger, id);
    if (done !== undefined) cancelled.unshift(done);
  }
  const own = (await cancelUnlessEnded(ledger, runId)) ?? (await readRun(ledger, runId));
  if (own?.state !== "cancelled") throw hasEnded(own, runId);
  return [own, ...cancelled];
}

async function cancelUnlessEnded(ledger: Ledger, runId: string): Promise<RunRecord | undefined> {
  for (let left = tries; ; left--) {
    const run = await readRun(ledger, runId);
    if (run === undefined || isFinalRunState(run.state)) return undefined;
    try {
      return await writeRun(ledger, run, {
        state: "cancelled",
        reason,
        endedAt: await ledgerNow(ledger),
        targets: run.targets.map(cancelledTarget),
      });
    } catch (error) {
      if (left <= 1 || !isBulkError(error, "ERR_LEDGER_FENCED")) throw error;
    }
  }
}

function cancelledTarget(target: RunTarget): RunTarget {
  switch (target.state) {
    case "complete":
    case "failed":
    case "skipped":
      return target;
    default:
      return { ...target, state: "skipped", reason, listing: undefined };
  }
}

async function laterOfBackfill(ledger: Ledger, run: RunRecord): Promise<readonly RunRecord[]> {
  if (run.backfill === undefined || isFinalRunState(run.state)) return [];
  const line = lineOf(await readOpenRuns(ledger), run.schedule);
  return line.filter((other) => other.backfill === run.backfill && other.sequence > run.sequence);
}

/** An ERR_RUN_NOT_FOUND. */
export function noRun(runId: string): BulkError {
  const shown = runId.slice(0, 100);
  return new BulkError("ERR_RUN_NOT_FOUND", `there is no run "${shown}"`, {
    fields: { run: shown },
  });
}

function hasEnded(run: RunRecord | undefined, runId: string): BulkError {
  if (run === undefined) return noRun(runId);
  return new BulkError(
    "ERR_RUN_STATE",
    `run ${runId} is ${run.state}; only a waiting or running one is cancelled`,
    { fields: { run: runId, state: run.state } },
  );
}
