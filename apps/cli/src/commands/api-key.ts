import { newApiKey } from "@headgate/config";
import { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";

const newKeyFlags = z.object({ json: z.boolean().default(false) });

const examples = `
The key is shown once and stored nowhere. Give it to the client (HEADGATE_API_KEY_FILE) and add the
lines to headgate.yaml under clients. Two hashes of one client are two keys that both work, so that
a key can be replaced without a gap.

Example:
  $ headgate api-key new airflow`;

/** `headgate api-key new`: makes an API key, without talking to anything. */
export function apiKeyCommand(context: CommandContext): Command {
  const make = new Command("new")
    .summary("make a key")
    .description("Makes an API key and the lines of headgate.yaml that let it in.")
    .argument("<name>", "name of the client: a-z, 0-9 and -, at most 32")
    .option("--json", "print one JSON document on stdout and nothing else")
    .addHelpText("after", examples)
    .action((name: string, options: unknown) => {
      const { json } = newKeyFlags.parse(options);
      const { key, hash } = newApiKey(name);
      const yaml = `clients:\n  ${name}:\n    keys:\n      - hash: ${hash}\n    scopes: [enqueue]\n`;
      context.terminal.answer(
        json ? JSON.stringify({ name, key, hash, yaml }) : `key  ${key}\n\n${yaml.trimEnd()}`,
      );
    });
  return new Command("api-key").description("Makes API keys.").addCommand(make);
}
