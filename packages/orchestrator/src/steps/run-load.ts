/**
 * The task of a load. It plans, then sleeps until the load has ended and tells how; while it
 * sleeps, its progress is kept up to date by the tasks of the bulk jobs that carry its parts.
 */
import { assertNever, type Outcome } from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import { type LoadRecord, readLoads } from "../ledger/load-record.ts";
import { acknowledgeEnd } from "../ledger/outbox.ts";
import type { StepContext } from "./context.ts";
import { endUnreadable } from "./end-unreadable.ts";
import { later } from "./later.ts";
import { planLoad } from "./plan-load.ts";

/** A wake-up comes at the end of the load, and from the sweep should that one be missed. */
const sleepMs = 24 * 3_600_000;

/** Plans a load, or tells how it stands; done, cancel or fail once it has ended. */
export async function runLoad(
  context: StepContext,
  loadId: string,
  signal: AbortSignal,
): Promise<Outcome> {
  for (;;) {
    const { loads, unreadable } = await readLoads(context.ledger, [loadId]);
    const [load] = loads;
    const fault = unreadable.get(loadId);
    if (fault !== undefined) return await endUnreadable(context, loadId, fault, signal);
    if (load === undefined) return { kind: "cancel", reason: "the load is gone" };
    if (load.state === "accepted") {
      const result = await planLoad(context, load, signal);
      if (result !== "next") return result;
    } else return await outcomeOf(context, load);
  }
}

async function outcomeOf(context: StepContext, load: LoadRecord): Promise<Outcome> {
  const { ledger } = context;
  const { state } = load;
  switch (state) {
    case "accepted":
      throw new TypeError("an accepted load is planned first");
    case "waiting":
    case "loading":
    case "processing":
      return later(
        await ledgerNow(ledger),
        sleepMs,
        `${state}: ${load.settledParts} of ${load.parts} parts settled`,
      );
    case "complete":
      await tellEnd(context, load);
      return {
        kind: "done",
        result: {
          parts: load.settledParts,
          bytes: load.settledBytes,
          records: load.settledRecords,
        },
      };
    case "cancelled":
      await tellEnd(context, load);
      return { kind: "cancel", reason: "cancelled on request" };
    case "failed":
      await tellEnd(context, load);
      return { kind: "fail", ...reasonOf(load) };
    default:
      return assertNever(state);
  }
}

async function tellEnd({ ledger, ports, signals }: StepContext, load: LoadRecord): Promise<void> {
  const reason = load.state === "failed" ? reasonOf(load) : {};
  ports.emit({ type: "load.ended", loadId: load.id, state: load.state, ...reason });
  if (load.run !== undefined) await signals.runChanged(load.run);
  await acknowledgeEnd(ledger, load.id);
}

function reasonOf(load: LoadRecord): { readonly code: string; readonly message: string } {
  return {
    code: load.reasonCode ?? "unknown",
    message: load.reasonMessage ?? "no reason was recorded",
  };
}
