import type { Command } from "commander";
import { apiCommand, apiFlags, type CommandContext, clientFor } from "../command-context.ts";

const examples = `
Example:
  $ headgate cancel default.9f3c`;

/** `headgate cancel`: cancels a load. */
export function cancelCommand(context: CommandContext): Command {
  return apiCommand("cancel")
    .summary("cancel a load")
    .description(
      "Cancels a load. Refused once a bulk job with parts of it is closed, or shared with other loads.",
    )
    .argument("<id>", "the load's id")
    .addHelpText("after", examples)
    .action(async (id: string, options: unknown) => {
      const flags = apiFlags.parse(options);
      const load = await clientFor(flags, context).cancel(id);
      context.terminal.answer(
        flags.json ? JSON.stringify(load) : `load ${load.id} is ${load.state}`,
      );
    });
}
