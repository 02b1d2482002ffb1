/** The command line as one program: commands, help and the way from an error to an exit code. */
import { readFileSync } from "node:fs";
import { isBulkError } from "@headgate/core";
import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { CliError, type ExitCode, exitCodeOf } from "./errors.ts";

interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Imports the command: only those that a command line names are, so that the start is fast. */
  readonly build: (context: CommandContext) => Promise<Command>;
}

const entries: readonly Entry[] = [
  {
    name: "load",
    summary: "bring CSV files into an object of Data Cloud",
    build: async (context) => (await import("./commands/load.ts")).loadCommand(context),
  },
  {
    name: "plan",
    summary: "dry run: parts, bulk jobs and findings; uses no slot",
    build: async (context) => (await import("./commands/plan.ts")).planCommand(context),
  },
  {
    name: "status",
    summary: "show one load, or the latest loads",
    build: async (context) => (await import("./commands/status.ts")).statusCommand(context),
  },
  {
    name: "watch",
    summary: "show events as they happen",
    build: async (context) => (await import("./commands/watch.ts")).watchCommand(context),
  },
  {
    name: "findings",
    summary: "show what preflight found in a load",
    build: async (context) => (await import("./commands/findings.ts")).findingsCommand(context),
  },
  {
    name: "cancel",
    summary: "cancel a load",
    build: async (context) => (await import("./commands/cancel.ts")).cancelCommand(context),
  },
  {
    name: "retry",
    summary: "bring a failed or cancelled load again",
    build: async (context) => (await import("./commands/retry.ts")).retryCommand(context),
  },
  {
    name: "schedule",
    summary: "show, test, run and change nightly batches",
    build: async (context) => (await import("./commands/schedule.ts")).scheduleCommand(context),
  },
  {
    name: "quota",
    summary: "show bulk jobs left this hour, running ones and waiting loads",
    build: async (context) => (await import("./commands/quota.ts")).quotaCommand(context),
  },
  {
    name: "bulk-jobs",
    summary: "list, abort and look for bulk jobs",
    build: async (context) => (await import("./commands/bulk-jobs.ts")).bulkJobsCommand(context),
  },
  {
    name: "reap",
    summary: "end left-over bulk jobs now",
    build: async (context) => (await import("./commands/reap.ts")).reapCommand(context),
  },
  {
    name: "up",
    summary: "run API and worker on this machine",
    build: async (context) => (await import("./commands/up.ts")).upCommand(context),
  },
  {
    name: "config",
    summary: "check and show headgate.yaml",
    build: async (context) => (await import("./commands/config.ts")).configCommand(context),
  },
  {
    name: "doctor",
    summary: "try Redis, sources, keys and tenants, and say what to do",
    build: async (context) => (await import("./commands/doctor.ts")).doctorCommand(context),
  },
  {
    name: "api-key",
    summary: "make API keys",
    build: async (context) => (await import("./commands/api-key.ts")).apiKeyCommand(context),
  },
  {
    name: "emulator",
    summary: "run a local Ingestion API with the real limits",
    build: async () => (await import("./commands/emulator.ts")).emulatorCommand(),
  },
  {
    name: "completion",
    summary: "print a completion script for bash, zsh or fish",
    build: async (context) =>
      (await import("./commands/completion.ts")).completionCommand(context, () =>
        buildProgram(context, () => true),
      ),
  },
];

const environmentAndExitCodes = `
Environment:
  HEADGATE_API_URL        where the API is (default http://127.0.0.1:8080)
  HEADGATE_API_KEY_FILE   file that holds the API key
  HEADGATE_API_KEY        or the key itself
  HEADGATE_RETRIES        how often a request is sent again (default 4)
  HEADGATE_CONNECTION     connection of load and plan (default "default")
  HEADGATE_CONFIG         headgate.yaml for up, config and doctor (default ./headgate.yaml)
  HEADGATE_DATA           data folder of up; its cli.json serves where neither URL nor key is set
  NO_COLOR                no colours on a terminal

Exit codes:
  0    done
  1    what was waited for ended badly; doctor found a fault; up could not start
  2    the command line, a file or the request is wrong (the API answered 4xx)
  3    the API cannot be reached, is too busy (429) or failed (5xx)
  4    the API key is missing, not accepted or not allowed to do this (401, 403)
  5    the source files were refused before a slot was spent (plan, or --wait)
  6    --timeout passed
  130  interrupted (Ctrl-C); 143 terminated`;

/** Runs one command line and gives its exit code; every expected failure is told on stderr. */
export async function runProgram(
  argv: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  try {
    const program = await buildProgram(context, (name) => argv.includes(name));
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    return exitCodeFor(error, context);
  }
}

/** The whole tree; of commands that are not wanted only name and summary. */
export async function buildProgram(
  context: CommandContext,
  isWanted: (name: string) => boolean,
): Promise<Command> {
  const program = new Command("headgate")
    .description("Loads CSV files into Salesforce Data Cloud, within its limits.")
    .version(ownVersion(), "-V, --version", "print the version")
    .addHelpText("after", environmentAndExitCodes);
  for (const { name, summary, build } of entries)
    program.addCommand(
      (isWanted(name) ? await build(context) : new Command(name)).summary(summary),
    );
  prepare(program, context);
  return program;
}

function prepare(command: Command, context: CommandContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.terminal.answer(text.trimEnd()),
    writeErr: (text) => context.terminal.note(text.trimEnd()),
  });
  for (const each of command.commands) prepare(each, context);
}

function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version }: { readonly version: string } = JSON.parse(text);
  return version;
}

function exitCodeFor(error: unknown, { terminal, signal }: CommandContext): ExitCode {
  // Commander has told its own already: help asked for (0), or a wrong command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodeOf.usage;
  const cause: unknown = error instanceof CliError || !signal.aborted ? error : signal.reason;
  if (cause instanceof CliError) {
    terminal.failure(cause.message);
    return exitCodeOf[cause.kind];
  }
  if (!isBulkError(cause)) throw cause;
  terminal.failure(`${cause.message} (${cause.code})`);
  return cause.code === "ERR_CONFIG" || cause.code === "ERR_SCHEMA_INVALID"
    ? exitCodeOf.usage
    : exitCodeOf.failed;
}
