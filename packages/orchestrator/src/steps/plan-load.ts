/**
 * Plans a load: lists and pins its source objects, reads them once, checks every record and works
 * out the parts. Needs no slot, and refuses here what would fail later.
 */
import {
  type BulkError,
  backoffMs,
  isBulkError,
  type Outcome,
  reasonCode,
  retryTable,
} from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import type { LoadRecord } from "../ledger/load-record.ts";
import { commitManifest, countPlanTry, failPlanning, stageManifest } from "../ledger/manifest.ts";
import { type ReadLoadOptions, readLoad } from "../preflight/read-load.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext, StepResult } from "./context.ts";
import { later } from "./later.ts";

/** Passing faults of the store after which planning gives up. */
const planTriesAllowed = 8;
/** Bytes between two lines about a long planning. */
const tellEveryBytes = 100_000_000;

/** Brings a load from accepted to waiting or failed. */
export async function planLoad(
  context: StepContext,
  load: LoadRecord,
  signal: AbortSignal,
): Promise<StepResult> {
  try {
    await writeManifest(context, load, signal);
  } catch (error) {
    if (signal.aborted || !isBulkError(error)) throw error;
    if (isBulkError(error, "ERR_REDIS_AWAY", "ERR_LEDGER_FENCED")) throw error;
    const delay = await refuseOrDelay(context, load, error);
    if (delay !== undefined) return delay;
  }
  await claimBulkJobs(context, signal);
  return "next";
}

async function writeManifest(
  context: StepContext,
  load: LoadRecord,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, ports } = context;
  const attempt = ports.chance.newId();
  const stage = stageManifest(ledger, load.id, attempt);
  const { header, sourceObjects, parts, bytes, records } = await readLoad(context, {
    request: load.request,
    owner: load,
    sink: stage,
    signal,
    onRead: readingTeller(context, load),
  });
  await stage.flush();
  const planned = { sourceObjects, parts, bytes, records };
  const state = await commitManifest(ledger, { loadId: load.id, attempt, header, ...planned });
  if (state === "waiting") ports.emit({ type: "load.planned", loadId: load.id, ...planned });
}

/** Tells at each further 100 MB how far the reading is. */
function readingTeller({ ports }: StepContext, load: LoadRecord): ReadLoadOptions["onRead"] {
  let told = 0;
  return (read) => {
    if (read.bytes - told < tellEveryBytes) return;
    told = read.bytes - (read.bytes % tellEveryBytes);
    ports.emit({ type: "load.reading", loadId: load.id, ...read });
  };
}

async function refuseOrDelay(
  context: StepContext,
  load: LoadRecord,
  error: BulkError,
): Promise<Outcome | undefined> {
  const { ledger, ports } = context;
  const entry = retryTable[error.code];
  if (entry.retry !== "never") {
    const tries = await countPlanTry(ledger, load.id);
    if (tries < planTriesAllowed) {
      ports.emit({ type: "load.plan-delayed", loadId: load.id, code: error.code, tries });
      const wait = entry.baseMs + backoffMs(entry, tries, ports.chance.random());
      return later(await ledgerNow(ledger), wait, `planning met ${error.code}`);
    }
  }
  await failPlanning(ledger, load.id, { code: reasonCode(error.code), message: error.message });
  return undefined;
}
