/**
 * Claims as many bulk jobs as slots, permits and waiting parts allow. Any worker may do it at any
 * time; the script that commits a claim settles who was first.
 */
import {
  after,
  type Claim,
  claimFrom,
  type EpochMs,
  isBulkError,
  maxFilesPerBulkJob,
  type ObjectKey,
  rankLines,
  seconds,
} from "@headgate/core";
import type { BulkJobPart } from "../ledger/bulk-job-record.ts";
import {
  type ClaimAnswer,
  commitClaim,
  readLine,
  readLines,
  type VersionedLine,
} from "../ledger/claim.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { readPartRange } from "../ledger/load-record.ts";
import { bulkJobTitle } from "./bulk-job-title.ts";
import type { StepContext } from "./context.ts";
import { failUnreadable } from "./fail-unreadable.ts";
import { logIn } from "./log-in.ts";
import { observeTenant } from "./observe-tenant.ts";
import { settleHistory } from "./settle-history.ts";

/** Loads of a line that a claim looks at: as many as a bulk job can have files. */
const lineDepth = maxFilesPerBulkJob;
/** Pause before login or list are tried again while work waits. */
const unavailablePauseMs = seconds(30);
/** Pause while another worker reads the list. */
const listPauseMs = seconds(1);

/** Claims until something is missing; asks to be woken when time alone will bring it. */
export async function claimBulkJobs(context: StepContext, signal: AbortSignal): Promise<void> {
  const lines = await readLines(context.ledger);
  if (lines.length === 0) return;
  if (!(await isReady(context, signal))) return;
  while (!signal.aborted) {
    const round = await claimOnce(context);
    if (round.kind === "waits") {
      if (round.until !== undefined) await context.signals.claimAt(round.until);
      return;
    }
  }
}

/**
 * Before a slot is spent: the login works, the ledger has lost nothing, and the tenant's list is fresh
 * enough to know the bulk jobs of other tools.
 */
async function isReady(context: StepContext, signal: AbortSignal): Promise<boolean> {
  const { ports, ledger, settings, signals } = context;
  try {
    await logIn(context, signal);
    await settleHistory(context, signal);
    const isFresh = await observeTenant(context, settings.observeEveryMs, signal);
    if (!isFresh) await signals.claimAt(after(await ledgerNow(ledger), listPauseMs));
    return isFresh;
  } catch (error) {
    if (signal.aborted || !isBulkError(error)) throw error;
    const { code, message } = error;
    ports.emit({ type: "tenant.unavailable", connection: ledger.connection, code, message });
    await signals.claimAt(after(await ledgerNow(ledger), unavailablePauseMs));
    return false;
  }
}

/** `again`: something has changed, so there may be more to claim. */
type Round = { readonly kind: "again" } | { readonly kind: "waits"; readonly until?: EpochMs };

async function claimOnce(context: StepContext): Promise<Round> {
  const { ledger, ports, settings } = context;
  const lines = new Map<ObjectKey, VersionedLine>();
  for (const object of await readLines(ledger))
    lines.set(object, await readLine(ledger, object, lineDepth));
  const unreadable = [...lines.values()].flatMap((line) => [...line.unreadable]);
  for (const [loadId, fault] of unreadable) await failUnreadable(context, loadId, fault);
  if (unreadable.length > 0) return { kind: "again" };
  let until: EpochMs | undefined;
  for (const { object } of rankLines([...lines.values()])) {
    const line = lines.get(object);
    const claim = line && claimFrom(line, settings.maxFilesPerBulkJob);
    if (claim === undefined || line === undefined) continue;
    const answer = await commit(context, claim, line.version);
    if (answer.kind !== "wait") return { kind: "again" };
    ports.emit({
      type: "claim.waits",
      object,
      reason: answer.reason,
      ...(answer.until === undefined ? {} : { until: answer.until }),
    });
    if (answer.until !== undefined && (until === undefined || answer.until < until))
      until = answer.until;
    const otherLinesToo = answer.reason !== "object-busy" && answer.reason !== "object-held";
    if (otherLinesToo) break;
  }
  return until === undefined ? { kind: "waits" } : { kind: "waits", until };
}

async function commit(context: StepContext, claim: Claim, version: string): Promise<ClaimAnswer> {
  const { ledger, ports, signals } = context;
  const id = ports.chance.newId();
  const parts = await partsOf(context, claim);
  if (parts === "refused") return { kind: "stale" };
  const answer = await commitClaim(ledger, { id, claim, version, parts });
  if (answer.kind !== "granted") return answer;
  ports.emit({
    type: "bulk-job.claimed",
    bulkJobId: id,
    object: claim.object,
    parts: parts.length,
    loads: claim.picks.length,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
  });
  await signals.bulkJobClaimed({
    id,
    title: bulkJobTitle({ ...claim, files: parts.length }),
  });
  return answer;
}

/** `refused` where a load's parts are not those of planning: it has failed, and the line has changed. */
async function partsOf(
  context: StepContext,
  claim: Claim,
): Promise<readonly BulkJobPart[] | "refused"> {
  const parts: BulkJobPart[] = [];
  for (const { loadId, parts: numbers } of claim.picks)
    try {
      for (const [first, last] of runs(numbers))
        for (const part of await readPartRange(context.ledger, loadId, first, last))
          parts.push({
            load: loadId,
            part: part.number,
            bytes: part.bytes,
            records: part.records,
          });
    } catch (error) {
      if (!isBulkError(error, "ERR_RECORD_TAMPERED")) throw error;
      await failUnreadable(context, loadId, error);
      return "refused";
    }
  return parts;
}

/** Ascending numbers as stretches without a gap, first and last included. */
function runs(numbers: readonly number[]): readonly (readonly [number, number])[] {
  const stretches: [number, number][] = [];
  for (const number of numbers) {
    const open = stretches.at(-1);
    if (open !== undefined && open[1] + 1 === number) open[1] = number;
    else stretches.push([number, number]);
  }
  return stretches;
}
