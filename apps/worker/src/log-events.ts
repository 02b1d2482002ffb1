/** One log line for each event. */
import type { EmitEvent, HeadgateEvent } from "@headgate/orchestrator";
import type { Logger } from "pino";

/** Events that a person should look at. */
const warnings: ReadonlySet<HeadgateEvent["type"]> = new Set([
  "bulk-job.create-unknown",
  "bulk-job.upload-unknown",
  "bulk-job.call-failed",
  "bulk-job.aborting",
  "bulk-job.late",
  "load.plan-delayed",
  "load.suspect",
  "load.vanished",
  "tenant.unavailable",
  "ledger.lost",
  "gate.closed",
  "intake.refused",
  "worker.stuck",
  "queue.lease-lost",
  "queue.error",
  "reaper.failed",
  "record.refused",
  "record.unreadable",
  "redis.away",
  "redis.unpatched",
  "reaper.acted",
  "restarts.held",
  "sweep.repaired",
  "uploads.sweep-failed",
]);

/**
 * A subscriber that logs each event by its type, at warn where a person should look, else at info.
 */
export function logEvents(logger: Logger): EmitEvent {
  return (event) => {
    const { type, ...measures } = event;
    const failed = event.type === "load.ended" && event.state === "failed";
    if (failed || warnings.has(type)) logger.warn(measures, type);
    else logger.info(measures, type);
  };
}
