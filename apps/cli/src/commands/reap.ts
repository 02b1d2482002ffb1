import type { Command } from "commander";
import { z } from "zod";
import { reap } from "../api/errands.ts";
import {
  addTimeout,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
} from "../command-context.ts";
import { runErrand } from "../follow/follow-errand.ts";
import { showTable } from "../show/measures.ts";

const reapFlags = apiFlags.extend({
  connection: z.string().exactOptional(),
  timeout: z.number().exactOptional(),
});

const examples = `
Example:
  $ headgate reap --connection sandbox`;

/** `headgate reap`: a round of the reaper now. */
export function reapCommand(context: CommandContext): Command {
  const command = apiCommand("reap")
    .description(
      "Looks for bulk jobs that nobody ends, as workers do every few minutes anyway, and completes or aborts headgate's own.",
    )
    .option("--connection <name>", "which tenant", "default");
  return addTimeout(command)
    .addHelpText("after", examples)
    .action(async (options: unknown) => {
      const flags = reapFlags.parse(options);
      const session = sessionFor(flags, context);
      const { connection, timeout: timeoutSeconds } = flags;
      const result = await runErrand(session, reap({ connection }), {
        report: z.looseObject({}),
        timeoutSeconds,
      });
      session.terminal.answer(
        flags.json
          ? JSON.stringify(result)
          : showTable(Object.entries(result).map(([name, value]) => [name, String(value)])),
      );
    });
}
