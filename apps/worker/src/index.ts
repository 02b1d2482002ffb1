export { readWorkerConfig } from "./config.ts";
export { joinPorts } from "./join-ports.ts";
export { logEvents } from "./log-events.ts";
export * from "./start-worker.ts";
