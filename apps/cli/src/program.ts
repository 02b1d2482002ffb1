/** The command line as one program: commands, help and the way from an error to an exit code. */
import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { apiKeyCommand } from "./commands/api-key.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { emulatorCommand } from "./commands/emulator.ts";
import { loadCommand } from "./commands/load.ts";
import { quotaCommand } from "./commands/quota.ts";
import { statusCommand } from "./commands/status.ts";
import { CliError, type ExitCode, exitCodeOf, exitCodes } from "./errors.ts";

const environmentAndExitCodes = `
Environment:
  HEADGATE_API_URL        where the API is (default http://127.0.0.1:8080)
  HEADGATE_API_KEY        the API key
  HEADGATE_API_KEY_FILE   or a file that holds it

Exit codes:
  0    done
  1    --wait: the load ended as failed or cancelled
  2    the command line or the request is wrong (the API answered 4xx)
  3    the API cannot be reached or failed (5xx)
  4    the API key is missing or not accepted
  130  interrupted (Ctrl-C); 143 terminated`;

/** Runs one command line and gives its exit code; every expected failure is told on stderr. */
export async function runProgram(
  argv: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const program = new Command("headgate")
    .description("Loads CSV files into Salesforce Data Cloud, within its limits.")
    .addHelpText("after", environmentAndExitCodes);
  for (const command of [
    loadCommand(context),
    statusCommand(context),
    quotaCommand(context),
    cancelCommand(context),
    apiKeyCommand(context),
    emulatorCommand(),
  ])
    program.addCommand(command);
  const output = {
    writeOut: (text: string) => context.terminal.answer(text.trimEnd()),
    writeErr: (text: string) => context.terminal.note(text.trimEnd()),
  };
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((c) => c.commands),
  ])
    command.exitOverride().configureOutput(output);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    return exitCodeFor(error, context);
  }
}

function exitCodeFor(error: unknown, { terminal, signal }: CommandContext): ExitCode {
  // Commander has told its own already: help asked for (0), or a wrong command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const cause: unknown = error instanceof CliError || !signal.aborted ? error : signal.reason;
  if (!(cause instanceof CliError)) throw cause;
  terminal.note(`headgate: ${cause.message}`);
  return exitCodeOf(cause.kind);
}
