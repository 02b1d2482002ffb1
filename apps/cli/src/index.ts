export { type CliErrorKind, type ExitCode, exitCodeOf } from "./errors.ts";
export { type NewApiKey, newApiKey } from "./new-api-key.ts";
