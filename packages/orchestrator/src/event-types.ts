import type { HeadgateEvent } from "./events.ts";

/** By type, so that the compiler finds one that is missing. */
const known: Readonly<Record<HeadgateEvent["type"], true>> = {
  "load.accepted": true,
  "load.reading": true,
  "load.planned": true,
  "load.plan-delayed": true,
  "load.ended": true,
  "load.findings": true,
  "schedule.run-started": true,
  "schedule.run-skipped": true,
  "schedule.synced": true,
  "schedule.run-waits": true,
  "schedule.run-ended": true,
  "claim.waits": true,
  "bulk-job.claimed": true,
  "bulk-job.create-waits": true,
  "bulk-job.create-unknown": true,
  "bulk-job.opened": true,
  "bulk-job.part-uploaded": true,
  "bulk-job.upload-unknown": true,
  "bulk-job.part-returned": true,
  "bulk-job.closed": true,
  "bulk-job.seen": true,
  "bulk-job.aborting": true,
  "bulk-job.ended": true,
  "bulk-job.call-failed": true,
  "tenant.unavailable": true,
  "gate.closed": true,
  "foreign.seen": true,
  "reaper.round": true,
  "reaper.acted": true,
  "sweep.repaired": true,
  "errand.ended": true,
  "intake.refused": true,
  "uploads.removed": true,
  "uploads.sweep-failed": true,
  "redis.away": true,
  "queue.error": true,
};

/** Every type of event, for those who name one. */
export const eventTypes: readonly string[] = Object.keys(known);
