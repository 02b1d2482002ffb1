/** The step of a target that loads its files: makes loads of them, then waits for their end. */
import {
  epochMs,
  isBulkError,
  isFinalLoadState,
  type RunReason,
  type RunTarget,
  reasonCode,
} from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import { type ReadLoads, readLoads } from "../ledger/load-record.ts";
import { type LoadRequest, parseLoadRequest } from "../load-request.ts";
import type { Caller, Loads } from "../loads.ts";
import { ownerAccess } from "../owner-access.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import type { StepContext } from "../steps/context.ts";
import type { TargetAt } from "./gather-files.ts";
import { moveTarget, type TargetStep, waitForTarget, withTarget } from "./move-target.ts";
import { type RunRecord, writeRun } from "./run-record.ts";
import { readChunk } from "./take-files.ts";

/**
 * A wake-up comes at the end of each load. For one that is missed, as by a task that was just about to
 * sleep, a run looks again when its newest load is twice as old, within these bounds.
 */
const sleepMs = { min: 1000, max: 60_000 };

/** Makes the loads that are still to be made, each once; then looks how they stand. Throws ERR_LEDGER_FENCED. */
export async function loadFiles(
  context: StepContext,
  run: RunRecord,
  at: TargetAt & { readonly loads: Loads },
): Promise<TargetStep> {
  let target = at.target;
  let standing = run;
  while (target.loads.length < target.chunks) {
    const made = await makeLoad(context, standing, { ...at, target });
    if (made.kind === "later")
      return await waitForTarget(context, standing, { target, reason: made.reason });
    target = made.target;
    standing = await writeRun(context.ledger, standing, { targets: withTarget(standing, target) });
  }
  return await followLoads(context, standing, target);
}

type Made =
  | { readonly kind: "made"; readonly target: RunTarget }
  | { readonly kind: "later"; readonly reason: RunReason };

/** Makes the next load; the key of each is its place in the run, so that it is never made twice. */
async function makeLoad(
  context: StepContext,
  run: RunRecord,
  { target, spec, loads }: TargetAt & { readonly loads: Loads },
): Promise<Made> {
  const chunk = target.loads.length;
  try {
    const keys = await readChunk(context.ledger, { id: run.id, target: target.name }, chunk);
    const { load } = await loads.accept(loadOf(run, spec, keys), {
      caller: ownerOf(context, run),
      idempotencyKey: `${run.id}/${target.name}/${chunk}`,
      run: run.id,
    });
    const loadIds = [...target.loads, load.id];
    return { kind: "made", target: { ...target, reason: undefined, loads: loadIds } };
  } catch (error) {
    if (!isBulkError(error) || error.code === "ERR_REDIS_AWAY") throw error;
    const reason = { code: reasonCode(error.code), message: error.message };
    const mayPass = isBulkError(error, "ERR_TOO_MANY_PENDING", "ERR_IDEMPOTENCY_IN_FLIGHT");
    if (mayPass) return { kind: "later", reason };
    tellRefused(context, error);
    // The loads that were made go on; no more are made, and the target fails when they have ended.
    return { kind: "made", target: { ...target, reason, chunks: chunk } };
  }
}

/** The schedule's owner, with the rights that it has now. */
function ownerOf(context: StepContext, { principal }: RunRecord): Caller {
  const owner = { principal, via: "schedule" } as const;
  const access = ownerAccess(context, owner);
  return access === undefined ? owner : { ...owner, access };
}

function loadOf(run: RunRecord, spec: TargetAt["spec"], keys: readonly string[]): LoadRequest {
  const { sourceName, object, operation, header, format, preflight } = spec;
  return parseLoadRequest({
    connection: run.spec.connection,
    sourceName,
    object,
    operation,
    source: { keys },
    ...(header === undefined ? {} : { header }),
    ...(format === undefined ? {} : { format }),
    ...(preflight === undefined ? {} : { preflight }),
    ...(run.leaveSlots === undefined ? {} : { leaveSlots: run.leaveSlots }),
  });
}

async function followLoads(
  context: StepContext,
  run: RunRecord,
  target: RunTarget,
): Promise<TargetStep> {
  const { ledger } = context;
  const { loads, unreadable } = await readLoads(ledger, target.loads);
  const unfinished = loads.filter(({ state }) => !isFinalLoadState(state)).length;
  if (unfinished > 0) {
    const now = await ledgerNow(ledger);
    const age = now - Math.max(...loads.map(({ acceptedAt }) => acceptedAt));
    const until = epochMs(now + Math.min(Math.max(age, sleepMs.min), sleepMs.max));
    const message = `target "${target.name}": ${unfinished} of ${target.loads.length} loads have not ended`;
    return { run, wait: { until, message } };
  }
  const records = loads.reduce((sum, load) => sum + load.settledRecords, 0);
  const reason = target.reason ?? failureOf(target, { loads, unreadable });
  return await moveTarget(context, run, {
    ...target,
    records,
    state: reason === undefined ? "complete" : "failed",
    reason,
  });
}

/** Why not all of a target's loads are complete; undefined where they are. */
function failureOf(target: RunTarget, { loads, unreadable }: ReadLoads): RunReason | undefined {
  const [fault] = unreadable.values();
  if (fault !== undefined) return { code: reasonCode(fault.code), message: fault.message };
  const bad = loads.find(({ state }) => state !== "complete");
  if (bad !== undefined) {
    const code = bad.state === "cancelled" ? "cancelled" : (bad.reasonCode ?? "unknown");
    const message = `load ${bad.id} is ${bad.state}${bad.reasonMessage === undefined ? "" : `: ${bad.reasonMessage}`}`;
    return { code, message };
  }
  if (loads.length === target.loads.length) return undefined;
  return { code: "load_not_found", message: "a load of it is no longer kept" };
}
