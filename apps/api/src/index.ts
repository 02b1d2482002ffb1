export { type ApiLimits, defaultApiLimits } from "./api-limits.ts";
export { type BoardOptions, type BoardQueue, boardPath } from "./board.ts";
export { type ApiOptions, createApi } from "./create-api.ts";
export { createApiLogger } from "./logger.ts";
export type { ApiClients } from "./login/clients.ts";
export { type ProblemKind, problemKinds } from "./problems/problem-table.ts";
export { type RunningApi, type StartApiOptions, startApi } from "./start-api.ts";
export type { Doors, Uploads } from "./v1.ts";
