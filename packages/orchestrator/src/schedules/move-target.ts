/** Writes what a step has done to one target of a run. */
import {
  type EpochMs,
  epochMs,
  type RunReason,
  type RunTarget,
  releaseTargets,
} from "@headgate/core";
import { ledgerNow } from "../ledger/ledger.ts";
import type { StepContext } from "../steps/context.ts";
import { type RunRecord, writeRun } from "./run-record.ts";

/** The run as it now stands, and where its target waits, until when and for what. */
export interface TargetStep {
  readonly run: RunRecord;
  readonly wait?: { readonly until: EpochMs; readonly message: string };
}

/** A run's targets with this one in its place. */
export function withTarget(run: RunRecord, target: RunTarget): readonly RunTarget[] {
  return run.targets.map((other) => (other.name === target.name ? target : other));
}

/** Writes a target that has moved on, and lets go of those behind it. Throws ERR_LEDGER_FENCED. */
export async function moveTarget(
  { ledger }: StepContext,
  run: RunRecord,
  target: RunTarget,
): Promise<TargetStep> {
  const now = await ledgerNow(ledger);
  const targets = releaseTargets(withTarget(run, target), now);
  return { run: await writeRun(ledger, run, { targets }) };
}

/**
 * Lets a target wait, until an instant or else the next look; writes and tells it only where
 * something is new. Throws ERR_LEDGER_FENCED.
 */
export async function waitForTarget(
  { ledger, ports, settings }: StepContext,
  run: RunRecord,
  waiting: {
    readonly target: RunTarget;
    readonly reason: RunReason;
    readonly until?: number | undefined;
  },
): Promise<TargetStep> {
  const { reason } = waiting;
  const nextLook = (await ledgerNow(ledger)) + settings.lookEveryMs;
  const wait = {
    until: epochMs(Math.min(waiting.until ?? nextLook, nextLook)),
    message: reason.message,
  };
  const target = { ...waiting.target, reason };
  const before = run.targets.find(({ name }) => name === target.name);
  if (JSON.stringify(before) === JSON.stringify(target)) return { run, wait };
  const written = await writeRun(ledger, run, { targets: withTarget(run, target) });
  if (before?.reason?.message !== reason.message)
    ports.emit({
      type: "schedule.run-waits",
      connection: ledger.connection,
      schedule: run.schedule,
      run: run.id,
      target: target.name,
      reason: reason.message,
    });
  return { run: written, wait };
}
