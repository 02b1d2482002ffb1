/**
 * Plans a load: lists and pins its source objects, reads them once, checks every record and works
 * out the parts. Needs no slot, and refuses here what would fail later.
 */
import {
  type BulkError,
  backoffMs,
  bytes,
  createPartPlanner,
  isBulkError,
  type Outcome,
  type Part,
  reasonCode,
  retryTable,
  type SourceObject,
  schemaOf,
} from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import type { LoadRecord } from "../ledger/load-record.ts";
import {
  commitManifest,
  countPlanTry,
  failPlanning,
  type ManifestStage,
  stageManifest,
} from "../ledger/manifest.ts";
import { selectionOf } from "../load-request.ts";
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
  const { ledger, ports, settings } = context;
  const { request } = load;
  const schema = schemaOf(ports.catalogue, request);
  const attempt = ports.chance.newId();
  const stage = stageManifest(ledger, load.id, attempt);

  const parts: Part[] = [];
  const planner = createPartPlanner({
    operation: request.operation,
    header: request.header ?? (request.operation === "upsert" ? "present" : "detect"),
    schemaFields: schema === "unchecked" ? undefined : schema.fields.map((field) => field.name),
    maxPartBytes: settings.maxPartBytes,
    onPart: (part) => parts.push(part),
  });
  const tell = readingTeller(context, load);
  let sourceObjects = 0;
  for await (const object of ports.source.list(selectionOf(request), { signal })) {
    await stage.addSource(object);
    planner.beginSource(object);
    for await (const chunk of wholeOf(context, object, signal)) {
      planner.push(chunk);
      tell({ sourceObjects, bytes: chunk.length });
    }
    planner.endSource();
    await stageAll(stage, parts);
    sourceObjects++;
  }
  const summary = planner.end();
  await stageAll(stage, parts);
  await stage.flush();
  const state = await commitManifest(ledger, {
    loadId: load.id,
    attempt,
    header: summary.header,
    sourceObjects,
    parts: summary.parts,
    bytes: summary.bytes,
    records: summary.records,
  });
  if (state === "waiting")
    ports.emit({
      type: "load.planned",
      loadId: load.id,
      sourceObjects,
      parts: summary.parts,
      bytes: summary.bytes,
      records: summary.records,
    });
}

/** All bytes of a source object; a store is not asked for the bytes of an empty one. */
async function* wholeOf(
  { ports }: StepContext,
  object: SourceObject,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (object.bytes === 0) return;
  yield* ports.source.read(object, { from: bytes(0), to: object.bytes }, { signal });
}

/** Tells at each further 100 MB how far the reading is. */
function readingTeller(
  { ports }: StepContext,
  load: LoadRecord,
): (read: { readonly sourceObjects: number; readonly bytes: number }) => void {
  let bytesRead = 0;
  return ({ sourceObjects, bytes: more }) => {
    const stepsBefore = Math.floor(bytesRead / tellEveryBytes);
    bytesRead += more;
    if (Math.floor(bytesRead / tellEveryBytes) > stepsBefore)
      ports.emit({ type: "load.reading", loadId: load.id, sourceObjects, bytes: bytesRead });
  };
}

async function stageAll(stage: ManifestStage, parts: Part[]): Promise<void> {
  for (const part of parts.splice(0)) await stage.addPart(part);
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
