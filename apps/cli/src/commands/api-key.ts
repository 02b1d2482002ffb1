import { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { CliError } from "../errors.ts";
import { type NewApiKey, newApiKey } from "../new-api-key.ts";

const newKeyFlags = z.object({ json: z.boolean().default(false) });

const examples = `
The key is shown once and stored nowhere. Give it to the client (HEADGATE_API_KEY_FILE) and add the
line to the API's HEADGATE_API_KEYS_FILE. Two lines of one name are two keys that both work, so
that a key can be replaced without a gap.

Example:
  $ headgate api-key new airflow`;

/** `headgate api-key new`: makes an API key, without talking to anything. */
export function apiKeyCommand(context: CommandContext): Command {
  const make = new Command("new")
    .summary("make a key")
    .description("Makes an API key and the line that lets it in.")
    .argument("<name>", "name of the client: a-z, 0-9 and -, at most 32")
    .option("--json", "print one JSON document on stdout and nothing else")
    .addHelpText("after", examples)
    .action((name: string, options: unknown) => {
      const { json } = newKeyFlags.parse(options);
      const made = tryNewApiKey(name);
      context.terminal.answer(
        json ? JSON.stringify(made) : `key   ${made.key}\nline  ${made.line}`,
      );
    });
  return new Command("api-key")
    .summary("make API keys")
    .description("Makes API keys.")
    .addCommand(make);
}

function tryNewApiKey(name: string): NewApiKey {
  try {
    return newApiKey(name);
  } catch (error) {
    if (error instanceof RangeError) throw new CliError("usage", error.message);
    throw error;
  }
}
