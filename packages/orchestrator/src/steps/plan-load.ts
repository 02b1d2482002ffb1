/**
 * Plans a load: lists and pins its source objects, reads them once, checks every record and works
 * out the parts. Needs no slot, and refuses here what would fail later.
 */
import {
  BulkError,
  backoffMs,
  createFindingsLog,
  type Findings,
  type FindingsLog,
  findingsTotal,
  isBulkError,
  isSuspect,
  isToBlame,
  reasonCode,
  retryTable,
} from "@headgate/core";
import { beginPlanning, endPlanning } from "../ledger/deaths.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import type { LoadRecord } from "../ledger/load-record.ts";
import { commitManifest, countPlanTry, failPlanning, stageManifest } from "../ledger/manifest.ts";
import { recentDeaths } from "../ledger/roster.ts";
import { preflightFor, type ReadLoadOptions, readLoad } from "../preflight/read-load.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext, StepResult } from "./context.ts";
import { later } from "./later.ts";
import { workIsolated } from "./work-isolated.ts";

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
  const { ledger, ports } = context;
  const { id, planStarts: deaths } = load;
  const findings = createFindingsLog(preflightFor(ports, load.request).policy);
  const isBlamed = isToBlame({ own: deaths, fleet: await recentDeaths(ledger) });
  if (isSuspect(deaths) && !isBlamed)
    ports.emit({ type: "load.suspect", loadId: id, work: "planning", deaths });
  const result = isBlamed
    ? await refuseOrDelay(context, load, findings.findings(), quarantined(load))
    : await workIsolated(context, { deaths, signal }, () =>
        planNow(context, load, findings, signal),
      );
  if (result !== "next") return result;
  await claimBulkJobs(context, signal);
  return "next";
}

function quarantined({ id, planStarts: deaths }: LoadRecord): BulkError {
  return new BulkError(
    "ERR_QUARANTINED",
    `${deaths} workers in a row have died while they planned load ${id}`,
    { fields: { loadId: id, deaths } },
  );
}

/** Plans, unless the load has changed since it was read. */
async function planNow(
  context: StepContext,
  load: LoadRecord,
  findings: FindingsLog,
  signal: AbortSignal,
): Promise<StepResult> {
  if (!(await beginPlanning(context.ledger, load))) return "next";
  try {
    await writeManifest(context, load, findings, signal);
    return "next";
  } catch (error) {
    if (signal.aborted || !isBulkError(error)) throw error;
    if (isBulkError(error, "ERR_REDIS_AWAY", "ERR_LEDGER_FENCED")) throw error;
    return await refuseOrDelay(context, load, findings.findings(), error);
  } finally {
    await endPlanning(context.ledger, load.id);
  }
}

async function writeManifest(
  context: StepContext,
  load: LoadRecord,
  log: FindingsLog,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, ports } = context;
  const attempt = ports.chance.newId();
  const stage = stageManifest(ledger, load.id, attempt);
  const { header, sourceObjects, parts, bytes, records } = await readLoad(context, {
    request: load.request,
    owner: load,
    sink: stage,
    findings: log,
    signal,
    onRead: readingTeller(context, load),
  });
  await stage.flush();
  const planned = { sourceObjects, parts, bytes, records };
  const findings = log.findings();
  const manifest = { loadId: load.id, attempt, header, ...planned, findings };
  if ((await commitManifest(ledger, manifest)) === "gone") return;
  ports.emit({ type: "load.planned", loadId: load.id, ...planned });
  tellFindings(context, load, findings);
}

function tellFindings({ ports }: StepContext, load: LoadRecord, findings: Findings): void {
  if (findingsTotal(findings) === 0) return;
  ports.emit({ type: "load.findings", loadId: load.id, counts: findings.counts });
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
  findings: Findings,
  error: BulkError,
): Promise<StepResult> {
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
  const why = { code: reasonCode(error.code), message: error.message, findings };
  if ((await failPlanning(ledger, load.id, why)) === "failed")
    tellFindings(context, load, findings);
  return "next";
}
