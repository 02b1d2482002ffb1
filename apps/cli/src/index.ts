export { type ExitCode, exitCodes } from "./errors.ts";
export { type NewApiKey, newApiKey } from "./new-api-key.ts";
