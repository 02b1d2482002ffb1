/**
 * The rules of a tenant without HTTP, logins and the judge of CSV, for a simulation that has its own
 * network and clock.
 */
export { type EmulatorSettings, parseSettings } from "./settings.ts";
export { ArrivalLog } from "./state/arrival-log.ts";
export { type BulkJob, finalStates } from "./state/bulk-job.ts";
export { BulkJobs } from "./state/bulk-jobs.ts";
export { type FileRows, ObjectStore } from "./state/object-data.ts";
export { HashSum } from "./state/record-hash.ts";
export { RowLog } from "./state/row-log.ts";
