export { type ApiKey, apiKey, parseApiKeys } from "./api-keys.ts";
export { type ApiLimits, defaultApiLimits } from "./api-limits.ts";
export { type BoardOptions, type BoardQueue, boardPath } from "./board.ts";
export { type ApiOptions, createApi } from "./create-api.ts";
export { createApiLogger } from "./logger.ts";
