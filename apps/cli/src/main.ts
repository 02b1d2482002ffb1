/** The `headgate` command. */
import { CliError, exitCodeOf } from "./errors.ts";
import { runProgram } from "./program.ts";
import { notWritten, processTerminal } from "./terminal.ts";

const terminal = processTerminal();
const stopped = new AbortController();
process.once("SIGINT", () => stopped.abort(new CliError("interrupted", "interrupted")));
process.once("SIGTERM", () => stopped.abort(new CliError("terminated", "terminated")));
// A reader that has seen enough, such as head, is no failure, and nobody is left to write for.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  terminal.failure(notWritten(error).message);
  process.exit(exitCodeOf.failed);
});

process.exitCode = await runProgram(process.argv.slice(2), {
  terminal,
  stdin: process.stdin,
  signal: stopped.signal,
});
