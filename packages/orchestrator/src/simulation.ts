/**
 * What a simulation needs to run the real steps, tasks and doors on a store, queues, network and clock
 * of its own, and to read the ledger beside them. Nothing else imports it.
 */
export {
  type BulkJobPart,
  type BulkJobRecord,
  readBulkJob,
  readBulkJobParts,
  unfinishedBulkJobs,
} from "./ledger/bulk-job-record.ts";
export { type Ledger, ledgerNow } from "./ledger/ledger.ts";
export { createLedgerMemory, loseTouch } from "./ledger/ledger-memory.ts";
export {
  type LoadRecord,
  readLoad,
  readLoads,
  readPartRange,
} from "./ledger/load-record.ts";
export { parseLoadRequest } from "./load-request.ts";
export { ledgerBase } from "./producer.ts";
export { applyOutcome } from "./queue/apply-outcome.ts";
export { scheduleUpkeep } from "./queue/fleet-worker.ts";
export { type Queues, queueNames, unexpectedErrorWaitMs } from "./queue/queues.ts";
export { bulkJobProcessor, loadProcessor, upkeepProcessor } from "./queue/task-runner.ts";
export { createTaskSignals } from "./queue/task-signals.ts";
export { lookAtHistory } from "./queue/watch-history.ts";
export { createRedisLoads } from "./redis-loads.ts";
export { createIsolation } from "./steps/isolation.ts";
