export { type CliErrorKind, type ExitCode, exitCodeOf } from "./errors.ts";
