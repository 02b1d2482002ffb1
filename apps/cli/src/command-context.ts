/** What every command that talks to the API shares: its flags, its terminal, its client. */
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { readConfig } from "./config.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets from the process. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborts with a CliError of kind interrupted or terminated. */
  readonly signal: AbortSignal;
}

/** The flags of every command that talks to the API. */
export const apiFlags = z.object({
  apiUrl: z.string().exactOptional(),
  apiKeyFile: z.string().exactOptional(),
  retries: z.number().exactOptional(),
  json: z.boolean().default(false),
});

/** A command with the flags of `apiFlags`. */
export function apiCommand(name: string): Command {
  return new Command(name)
    .option("--api-url <url>", "where the API is (HEADGATE_API_URL, default http://127.0.0.1:8080)")
    .option("--api-key-file <path>", "file with the API key (HEADGATE_API_KEY_FILE)")
    .option(
      "--retries <n>",
      "how often a request is sent again after a lost connection or 503 (default 4)",
      wholeNumber(0, 100),
    )
    .option("--json", "print one JSON document on stdout and nothing else");
}

/** The client that these flags and the environment describe. Throws CliError. */
export function clientFor(flags: z.output<typeof apiFlags>, context: CommandContext): ApiClient {
  return createApiClient(readConfig(flags), {
    signal: context.signal,
    report: context.terminal.note,
  });
}

/** Parses a flag that is a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
