import type { Command } from "commander";
import { retryLoad } from "../api/loads.ts";
import {
  addWaitFlags,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
  waitFlags,
} from "../command-context.ts";
import { followLoad, requireComplete } from "../follow/follow-load.ts";
import { showLoad } from "../show/show-load.ts";

const retryFlags = apiFlags.extend(waitFlags);

const examples = `
Example:
  $ headgate retry default.9f3c --wait`;

/** `headgate retry`: brings a failed or cancelled load again, as a new one. */
export function retryCommand(context: CommandContext): Command {
  const command = apiCommand("retry")
    .description(
      "Brings the request of a failed or cancelled load again, as a new load. Asked again for the same load it shows the same new one.",
    )
    .argument("<id>", "the load's id");
  return addWaitFlags(command, "the new load")
    .addHelpText("after", examples)
    .action(async (id: string, options: unknown) => {
      const flags = retryFlags.parse(options);
      const session = sessionFor(flags, context);
      const load = await session.client.ask(retryLoad(id));
      if (!flags.wait) {
        session.terminal.answer(
          flags.json ? JSON.stringify(load) : `load ${load.id} brings ${id} again`,
        );
        return;
      }
      const ended = await followLoad(session, load, flags.timeout);
      session.terminal.answer(flags.json ? JSON.stringify(ended) : showLoad(ended));
      requireComplete(ended);
    });
}
