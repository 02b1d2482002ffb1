/**
 * The points at which a worker is killed, by step. Each step goes from what it reads before its intent to
 * its result in the ledger: before the intent, the intent under way, intent written, the call begun, under
 * way, answered, the result under way, result written. crash-hooks.ts says how the names come about. One that
 * no longer exists is never reached, and that fails the run.
 */
const steps: Readonly<Record<string, readonly string[]>> = {
  start: [
    ...both("redis publishLimits"),
    ...both("api login"),
    ...both("api exchange"),
    "redis publishConnectors answered",
  ],
  intake: [
    "redis readOutbox answered",
    ...both("redis bullmq addStandardJob"),
    ...both("redis leaveOutbox"),
  ],
  plan: [
    ...both("redis beginPlanning"),
    ...both("s3 list"),
    ...both("s3 get"),
    ...both("redis commitManifest"),
    "event load.planned",
    ...both("redis endPlanning"),
  ],
  list: [
    ...both("redis takeObserving"),
    ...call("api list"),
    ...both("redis recordTenant"),
    "redis releaseObserving sent",
  ],
  claim: [
    "redis readLine answered",
    ...both("redis commitClaim"),
    "event bulk-job.claimed",
    ...both("redis bullmq addDelayedJob"),
  ],
  create: [
    "redis readBulkJobParts<createBulkJob answered",
    ...both("redis beginCreate"),
    ...call("api create"),
    ...both("redis advanceBulkJob<bulkJobOpened"),
    "event bulk-job.opened",
  ],
  "unknown create": [
    "event bulk-job.create-unknown",
    "redis readPrincipal answered",
    ...both("redis advanceBulkJob<reconcileCreate"),
  ],
  throttled: [...both("redis closeGate"), "event gate.closed"],
  upload: [
    "redis readBulkJobParts<uploadNextPart answered",
    ...both("redis advanceBulkJob<uploadNextPart"),
    ...call("api upload"),
    "api upload half",
    ...both("redis recordUploaded"),
    "event bulk-job.part-uploaded",
    "redis bullmq updateProgress sent",
  ],
  "unknown upload": ["event bulk-job.upload-unknown", ...both("redis advanceBulkJob<waitAndRetry")],
  close: [...call("api close"), ...both("redis recordClosed"), "event bulk-job.closed"],
  watch: ["redis readObservation answered", ...call("api info"), "event bulk-job.seen"],
  settle: [
    "redis readBulkJobParts<finishBulkJob answered",
    ...both("redis endBulkJob"),
    "event bulk-job.ended",
    ...both("redis bullmq promote"),
    "event load.ended",
    ...both("redis acknowledgeEnd"),
  ],
  abort: [
    "event bulk-job.aborting",
    ...both("redis advanceBulkJob<startAbort"),
    ...call("api abort"),
  ],
  queue: [
    ...both("redis bullmq moveToActive"),
    ...both("redis bullmq extendLock"),
    ...both("redis bullmq moveToDelayed"),
    ...both("redis bullmq moveToFinished"),
    ...both("redis bullmq moveStalledJobsToWait"),
  ],
  upkeep: [
    "redis unfinishedBulkJobs answered",
    "redis bulkJobOfRemote answered",
    ...both("redis moveBeat"),
    "event reaper.round",
  ],
};

/** All of them, each once. */
export const crashPoints: readonly string[] = [...new Set(Object.values(steps).flat())];

function both(what: string): readonly string[] {
  return [`${what} sent`, `${what} answered`];
}

function call(what: string): readonly string[] {
  return [`${what} begins`, ...both(what)];
}
