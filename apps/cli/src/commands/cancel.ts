import type { Command } from "commander";
import { cancelLoad } from "../api/loads.ts";
import { apiCommand, apiFlags, type CommandContext, sessionFor } from "../command-context.ts";

const examples = `
Example:
  $ headgate cancel default.9f3c`;

/** `headgate cancel`: cancels a load. */
export function cancelCommand(context: CommandContext): Command {
  return apiCommand("cancel")
    .description(
      "Cancels a load. Refused once a bulk job with parts of it is closed, or shared with other loads.",
    )
    .argument("<id>", "the load's id")
    .addHelpText("after", examples)
    .action(async (id: string, options: unknown) => {
      const flags = apiFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const load = await client.ask(cancelLoad(id));
      terminal.answer(flags.json ? JSON.stringify(load) : `load ${load.id} is ${load.state}`);
    });
}
