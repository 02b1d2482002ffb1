import { loadStates } from "@headgate/core";
import { type Command, Option } from "commander";
import { z } from "zod";
import {
  apiCommand,
  apiFlags,
  type CommandContext,
  clientFor,
  wholeNumber,
} from "../command-context.ts";
import { CliError } from "../errors.ts";
import { showLoad, showLoads } from "../show-load.ts";
import { requireComplete, waitForLoad } from "../wait-for-load.ts";

const statusFlags = apiFlags.extend({
  state: z.string().exactOptional(),
  connection: z.string().exactOptional(),
  limit: z.number().exactOptional(),
  cursor: z.string().exactOptional(),
  wait: z.boolean().default(false),
});

const examples = `
Examples:
  $ headgate status
  $ headgate status --state failed --limit 100
  $ headgate status default.9f3c --wait
  $ headgate status default.9f3c --json | jq .parts.settled`;

/** `headgate status`: one load, or a page of loads. */
export function statusCommand(context: CommandContext): Command {
  return apiCommand("status")
    .summary("show one load, or the latest loads")
    .description("Shows one load with its bulk jobs, or the latest loads, newest first.")
    .argument("[id]", "a load's id")
    .addOption(new Option("--state <state>", "only loads in this state").choices(loadStates))
    .option("--connection <name>", "only loads of this connection")
    .option("--limit <n>", "at most so many loads, 1 to 100 (default 20)", wholeNumber(1, 100))
    .option("--cursor <text>", "the page that an earlier answer pointed to")
    .option("--wait", "follow the load to its end; exit 1 unless it is complete")
    .addHelpText("after", examples)
    .action(async (id: string | undefined, options: unknown) => {
      const flags = statusFlags.parse(options);
      if (id === undefined) await showPage(context, flags);
      else await showOne(context, id, flags);
    });
}

type StatusFlags = z.output<typeof statusFlags>;

async function showOne(context: CommandContext, id: string, flags: StatusFlags): Promise<void> {
  const { state, connection, limit, cursor } = flags;
  if ([state, connection, limit, cursor].some((flag) => flag !== undefined))
    throw new CliError(
      "usage",
      "--state, --connection, --limit and --cursor are for lists, without an id",
    );
  const client = clientFor(flags, context);
  let load = await client.get(id);
  if (flags.wait) load = await waitForLoad(client, load, context);
  context.terminal.answer(flags.json ? JSON.stringify(load) : showLoad(load));
  if (flags.wait) requireComplete(load);
}

async function showPage(context: CommandContext, flags: StatusFlags): Promise<void> {
  if (flags.wait) throw new CliError("usage", "--wait needs a load's id");
  const { state, connection, limit, cursor } = flags;
  const page = await clientFor(flags, context).list({
    state,
    connection,
    limit: limit === undefined ? undefined : String(limit),
    cursor,
  });
  context.terminal.answer(flags.json ? JSON.stringify(page) : showLoads(page.loads));
  if (!flags.json && page.nextCursor !== undefined)
    context.terminal.note(`there are more: --cursor ${page.nextCursor}`);
}
