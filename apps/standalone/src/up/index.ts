export type { Log } from "./line-logger.ts";
export { type RunningUp, startUp, type UpOptions } from "./start-up.ts";
