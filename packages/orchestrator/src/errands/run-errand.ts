/** The task of an errand: does it once, and records how it ended; an expected failure is an answer too. */
import {
  assertNever,
  deathsToQuarantine,
  isBulkError,
  type Outcome,
  reasonCode,
} from "@headgate/core";
import { tampered } from "../seals/seals.ts";
import { tellRefused } from "../seals/tell-refused.ts";
import type { StepContext } from "../steps/context.ts";
import { workIsolated } from "../steps/work-isolated.ts";
import { doErrand } from "./do-errand.ts";
import {
  beginErrand,
  type ErrandEnd,
  type ErrandRecord,
  endErrand,
  leaveErrand,
  readErrand,
  tellErrandProgress,
} from "./errand-record.ts";

/** Runs an errand to its end, unless the worker stops: then it is left to another one. */
export async function runErrand(
  context: StepContext,
  id: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const errand = await readErrand(context.ledger, id);
  if (errand === undefined || !mayBeDeadly(errand))
    return await runNow(context, id, errand, signal);
  return await workIsolated(context, { deaths: errand.starts, signal }, () =>
    runNow(context, id, errand, signal),
  );
}

/** Dry runs read what customers have written; one that workers have died of too often is not run. */
function mayBeDeadly({ request, starts }: ErrandRecord): boolean {
  return request.kind === "plan" && starts < deathsToQuarantine;
}

async function runNow(
  context: StepContext,
  id: string,
  errand: ErrandRecord | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const begun = await beginErrand(context.ledger, id);
  if (errand === undefined || begun === "gone")
    return { kind: "cancel", reason: "the errand is gone" };
  switch (begun) {
    case "running":
      if (!errand.genuine) return await refuse(context, errand);
      return await finish(context, errand, await endOf(context, errand, signal));
    case "done":
    case "failed":
      return { kind: "cancel", reason: `the errand is ${begun} already` };
    case "worn-out":
      return await finish(context, errand, {
        state: "failed",
        code: reasonCode("ERR_QUARANTINED"),
        message: `${deathsToQuarantine} workers in a row have died of the errand`,
      });
    default:
      return assertNever(begun);
  }
}

async function refuse(context: StepContext, errand: ErrandRecord): Promise<Outcome> {
  const { code, message, fields } = tampered("errand", errand.id);
  tellRefused(context, { code, fields });
  return await finish(context, errand, { state: "failed", code: reasonCode(code), message });
}

async function endOf(
  context: StepContext,
  errand: ErrandRecord,
  signal: AbortSignal,
): Promise<ErrandEnd> {
  const progress = progressTeller(context, errand.id);
  try {
    const result = await doErrand(context, errand.request, {
      owner: errand,
      signal,
      onRead: progress.tell,
    });
    return { state: "done", result };
  } catch (error) {
    if (signal.aborted) {
      await leaveErrand(context.ledger, errand.id);
      throw error;
    }
    if (isBulkError(error, "ERR_REDIS_AWAY")) throw error;
    return failureOf(context, error);
  } finally {
    await progress.told();
  }
}

/** A defect is one too, or those who ask would wait for ever; its message is for the log only. */
function failureOf({ ports }: StepContext, error: unknown): ErrandEnd {
  if (isBulkError(error))
    return { state: "failed", code: reasonCode(error.code), message: error.message };
  ports.emit({ type: "queue.error", queue: "errands", message: String(error) });
  const message = "the worker met an unexpected error; its log says more";
  return { state: "failed", code: "unexpected", message };
}

async function finish(
  { ledger, ports }: StepContext,
  { id, request, principal }: ErrandRecord,
  end: ErrandEnd,
): Promise<Outcome> {
  const { connection } = ledger;
  if (!(await endErrand(ledger, id, end)))
    return { kind: "cancel", reason: "another worker was faster" };
  const { kind } = request;
  const how = end.state === "done" ? {} : { code: end.code, message: end.message };
  ports.emit({
    type: "errand.ended",
    errand: id,
    connection,
    kind,
    principal,
    state: end.state,
    ...how,
  });
  return end.state === "done"
    ? { kind: "done" }
    : { kind: "fail", code: end.code, message: end.message };
}

/** Writes the latest progress whenever the one before is written; one that cannot be is no failure. */
function progressTeller(
  { ledger }: StepContext,
  id: string,
): {
  readonly tell: (read: { readonly sourceObjects: number; readonly bytes: number }) => void;
  told(): Promise<void>;
} {
  let writing: Promise<void> | undefined;
  return {
    tell(read) {
      writing ??= tellErrandProgress(ledger, id, read)
        .catch(() => undefined)
        .finally(() => {
          writing = undefined;
        });
    },
    async told() {
      await writing;
    },
  };
}
