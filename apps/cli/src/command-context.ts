/** What every command that talks to the API shares: its flags, its terminal, its client. */
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { type ApiClient, createApiClient } from "./api/api-client.ts";
import { readConfig } from "./config.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";

/** What every command gets from the process. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly stdin: NodeJS.ReadableStream;
  /** Aborts with a CliError of kind interrupted or terminated. */
  readonly signal: AbortSignal;
}

/** A client of the API, where it reports, and what ends it. */
export interface ApiSession {
  readonly client: ApiClient;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** The flags of every command that talks to the API. */
export const apiFlags = z.object({
  apiUrl: z.string().exactOptional(),
  apiKeyFile: z.string().exactOptional(),
  retries: z.number().exactOptional(),
  json: z.boolean().default(false),
  quiet: z.boolean().default(false),
});
export type ApiFlags = z.output<typeof apiFlags>;

/** The flags of every command that can wait, beside `apiFlags`. */
export const waitFlags = { wait: z.boolean().default(false), timeout: z.number().exactOptional() };

/** A command with the flags of `apiFlags`. */
export function apiCommand(name: string): Command {
  return new Command(name)
    .option("--api-url <url>", "where the API is (HEADGATE_API_URL, default http://127.0.0.1:8080)")
    .option("--api-key-file <path>", "file with the API key (HEADGATE_API_KEY_FILE)")
    .option(
      "--retries <n>",
      "how often a request is sent again after a lost connection, 429 or 503 (HEADGATE_RETRIES, default 4)",
      wholeNumber(0, 100),
    )
    .option("--quiet", "no progress and no notes; answers and failures only")
    .option("--json", "print JSON on stdout and nothing else there");
}

/** Adds the flags of `waitFlags`; `what` is waited for. */
export function addWaitFlags(command: Command, what: string): Command {
  return command
    .option("--wait", `follow ${what} to its end; exit 1 unless it is complete`)
    .addOption(timeoutOption().implies({ wait: true }));
}

/** Adds `--timeout`, for a command that waits anyway. */
export function addTimeout(command: Command): Command {
  return command.addOption(timeoutOption());
}

function timeoutOption(): Option {
  const text = "wait at most 90s, 15m or 2h, then exit 6; default for ever";
  return new Option("--timeout <time>", text).argParser(duration);
}

/** The client that these flags and the environment describe. Throws CliError. */
export function sessionFor(flags: ApiFlags, context: CommandContext): ApiSession {
  const terminal = flags.quiet ? quietTerminal(context.terminal) : context.terminal;
  const { signal } = context;
  const client = createApiClient(readConfig(flags), { signal, report: terminal.note });
  return { client, terminal, signal };
}

/** Parses a flag that is a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Parses a flag that is a date, yyyy-MM-dd. */
export function date(text: string): string {
  if (z.iso.date().safeParse(text).success) return text;
  throw new InvalidArgumentError("It must be a date such as 2026-01-31.");
}

const secondsOf = { m: 60, h: 3600 } as const;

/** Parses a time such as `90`, `90s`, `1.5m` or `2h` into seconds, at most a week. */
function duration(text: string): number {
  const { number, unit } =
    /^(?<number>\d{1,7}(\.\d{1,3})?)(?<unit>[smh]?)$/.exec(text)?.groups ?? {};
  const factor = unit === "m" || unit === "h" ? secondsOf[unit] : 1;
  const seconds = number === undefined ? 0 : Number(number) * factor;
  if (seconds > 0 && seconds <= 7 * 86_400) return seconds;
  throw new InvalidArgumentError("It must be a time such as 90s, 15m or 2h, at most 168h.");
}
