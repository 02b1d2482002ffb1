import { loadStates, operations } from "@headgate/core";
import { type Command, Option } from "commander";
import { z } from "zod";
import { getLoad, listLoads } from "../api/loads.ts";
import {
  type ApiSession,
  addWaitFlags,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
  waitFlags,
  wholeNumber,
} from "../command-context.ts";
import { CliError } from "../errors.ts";
import { followLoad, requireComplete } from "../follow/follow-load.ts";
import { lastLoad } from "../last-load.ts";
import { showLoad, showLoads } from "../show/show-load.ts";

const filters = z.object({
  state: z.string().exactOptional(),
  connection: z.string().exactOptional(),
  object: z.string().exactOptional(),
  operation: z.string().exactOptional(),
  principal: z.string().exactOptional(),
  run: z.string().exactOptional(),
  since: z.string().exactOptional(),
  until: z.string().exactOptional(),
  limit: z.number().exactOptional(),
  cursor: z.string().exactOptional(),
});
const statusFlags = apiFlags.extend({
  ...filters.shape,
  ...waitFlags,
  last: z.boolean().default(false),
});

const examples = `
Examples:
  $ headgate status
  $ headgate status --state failed --since 2026-01-31T00:00:00Z --limit 100
  $ headgate status default.9f3c --wait --timeout 2h
  $ headgate status --last
  $ headgate status default.9f3c --json | jq .parts.settled`;

/** `headgate status`: one load, or a page of loads. */
export function statusCommand(context: CommandContext): Command {
  const command = apiCommand("status")
    .description("Shows one load with its bulk jobs, or the latest loads, newest first.")
    .argument("[id]", "a load's id")
    .option("--last", "the newest load of this API key")
    .addOption(new Option("--state <state>", "only loads in this state").choices(loadStates))
    .option("--connection <name>", "only loads of this connection")
    .option("--object <source/object>", "only loads of this object, or of source/ or object")
    .addOption(new Option("--operation <name>", "only such loads").choices(operations))
    .option("--principal <client>", "only loads of this client")
    .option("--run <id>", "only loads of this run of a schedule")
    .option("--since <time>", "only loads accepted at this ISO 8601 instant or later")
    .option("--until <time>", "only loads accepted before this ISO 8601 instant")
    .option("--limit <n>", "at most so many loads, 1 to 100 (default 20)", wholeNumber(1, 100))
    .option("--cursor <text>", "the page that an earlier answer pointed to");
  return addWaitFlags(command, "the load")
    .addHelpText("after", examples)
    .action(async (id: string | undefined, options: unknown) => {
      const flags = statusFlags.parse(options);
      checkTogether(id, flags);
      const session = sessionFor(flags, context);
      if (id === undefined && !flags.last) await showPage(session, flags);
      else await showOne(session, id ?? (await lastLoad(session)), flags);
    });
}

type StatusFlags = z.output<typeof statusFlags>;

/** Throws CliError (usage) for flags that do not go together. */
function checkTogether(id: string | undefined, flags: StatusFlags): void {
  if (id !== undefined && flags.last) throw new CliError("usage", "--last takes no id");
  const one = id !== undefined || flags.last;
  if (!one && flags.wait) throw new CliError("usage", "--wait needs a load's id, or --last");
  const [filter] = Object.keys(filters.parse(flags));
  if (one && filter !== undefined)
    throw new CliError("usage", `--${filter} is for lists, without an id or --last`);
}

async function showOne(session: ApiSession, id: string, flags: StatusFlags): Promise<void> {
  let load = await session.client.ask(getLoad(id));
  if (flags.wait) load = await followLoad(session, load, flags.timeout);
  session.terminal.answer(flags.json ? JSON.stringify(load) : showLoad(load));
  if (flags.wait) requireComplete(load);
}

async function showPage({ client, terminal }: ApiSession, flags: StatusFlags): Promise<void> {
  const { object: named, ...rest } = filters.parse(flags);
  const page = await client.ask(listLoads({ ...rest, ...objectFilter(named) }));
  terminal.answer(flags.json ? JSON.stringify(page) : showLoads(page.loads));
  if (!flags.json && page.nextCursor !== undefined)
    terminal.note(`there are more: --cursor ${page.nextCursor}`);
}

/** `web/order`, `web/` or `order`. */
function objectFilter(text = ""): { sourceName?: string; object?: string } {
  const [first = "", second] = text.split("/", 2);
  const [sourceName, object] = second === undefined ? ["", first] : [first, second];
  return { ...(sourceName === "" ? {} : { sourceName }), ...(object === "" ? {} : { object }) };
}
