import type { Command } from "commander";
import { z } from "zod";
import { cancelRun, listRuns, nextRuns } from "../../api/schedules.ts";
import {
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
  wholeNumber,
} from "../../command-context.ts";
import { showRuns } from "../../show/show-run.ts";

const pageFlags = apiFlags.extend({
  limit: z.number().exactOptional(),
  cursor: z.string().exactOptional(),
});
const nextFlags = apiFlags.extend({ count: z.number().default(5) });

/** `headgate schedule runs`. */
export function runsCommand(context: CommandContext): Command {
  return apiCommand("runs")
    .summary("list a schedule's runs")
    .description("Lists the runs of a schedule, newest first.")
    .argument("<name>", "the schedule's name, or connection.name")
    .option("--limit <n>", "at most so many runs, 1 to 100 (default 20)", wholeNumber(1, 100))
    .option("--cursor <text>", "the page that an earlier answer pointed to")
    .addHelpText("after", "\nExample:\n  $ headgate schedule runs nightly --limit 7")
    .action(async (name: string, options: unknown) => {
      const flags = pageFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const { limit, cursor } = flags;
      const page = await client.ask(listRuns(name, { limit, cursor }));
      terminal.answer(flags.json ? JSON.stringify(page) : showRuns(page.runs));
      if (!flags.json && page.nextCursor !== undefined)
        terminal.note(`there are more: --cursor ${page.nextCursor}`);
    });
}

/** `headgate schedule cancel`. */
export function cancelRunCommand(context: CommandContext): Command {
  return apiCommand("cancel")
    .summary("cancel a run")
    .description("Cancels a run, its loads as far as they can be, and the rest of its backfill.")
    .argument("<run>", "the run's id, from: headgate schedule runs")
    .addHelpText("after", "\nExample:\n  $ headgate schedule cancel default.nightly.9f3c")
    .action(async (id: string, options: unknown) => {
      const flags = apiFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const run = await client.ask(cancelRun(id));
      terminal.answer(flags.json ? JSON.stringify(run) : `run ${run.id} is ${run.state}`);
    });
}

/** `headgate schedule next`. */
export function nextCommand(context: CommandContext): Command {
  return apiCommand("next")
    .summary("show when a schedule runs next")
    .description("Shows the next instants of a schedule, in UTC.")
    .argument("<name>", "the schedule's name, or connection.name")
    .option("--count <n>", "how many, 1 to 100 (default 5)", wholeNumber(1, 100))
    .addHelpText("after", "\nExample:\n  $ headgate schedule next nightly --count 7")
    .action(async (name: string, options: unknown) => {
      const flags = nextFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const answer = await client.ask(nextRuns(name, flags.count));
      terminal.answer(flags.json ? JSON.stringify(answer) : answer.nextRuns.join("\n") || "none");
    });
}
