export { readWorkerConfig } from "./config.ts";
export { type FollowedConfig, followConfig } from "./follow-config.ts";
export { joinPorts } from "./join-ports.ts";
export { logEvents } from "./log-events.ts";
export * from "./start-worker.ts";
export type { WorkerTuning } from "./worker-tuning.ts";
