export { readWorkerConfig } from "./config.ts";
export { logEvents } from "./log-events.ts";
export * from "./start-worker.ts";
