import type { Command } from "commander";
import { z } from "zod";
import type { QuotaAnswer } from "../api-answers.ts";
import { apiCommand, apiFlags, type CommandContext, clientFor } from "../command-context.ts";
import { showCount } from "../measures.ts";

const quotaFlags = apiFlags.extend({ connection: z.string().exactOptional() });

const examples = `
Examples:
  $ headgate quota
  $ headgate quota --connection sandbox --json`;

/** `headgate quota`: slots, permits and waiting work. */
export function quotaCommand(context: CommandContext): Command {
  return apiCommand("quota")
    .summary("show bulk jobs left this hour, running ones and waiting loads")
    .description(
      "Shows, for each connection, how many bulk jobs the rolling hour still allows, which are unfinished, and what waits.",
    )
    .option("--connection <name>", "only this connection")
    .addHelpText("after", examples)
    .action(async (options: unknown) => {
      const flags = quotaFlags.parse(options);
      const answer = await clientFor(flags, context).quota(flags.connection);
      context.terminal.answer(
        flags.json ? JSON.stringify(answer) : answer.quotas.map(showQuota).join("\n\n"),
      );
    });
}

function showQuota(quota: QuotaAnswer["quotas"][number]): string {
  const { slots, permits, waiting } = quota;
  const lines = [
    `connection ${quota.connection}`,
    `  slots    ${slots.used} of ${slots.limit} used in ${slots.windowSeconds} s, ${slots.free} free${others(slots)}`,
    `  permits  ${permits.used} of ${permits.limit} used${others(permits)}`,
  ];
  const next = slots.returnsAt[0];
  if (next !== undefined) lines.push(`  next slot returns at ${next}`);
  if (quota.gateClosedUntil !== undefined)
    lines.push(`  closed until ${quota.gateClosedUntil}: the API asked to slow down`);
  for (const { bulkJob, sourceName, object, phase } of permits.holders)
    lines.push(`  bulk job ${bulkJob} ${sourceName}/${object} ${phase}`);
  for (const { object, loads } of waiting)
    lines.push(`  waiting  ${object}: ${showCount(loads, "load")}`);
  return lines.join("\n");
}

function others(side: { readonly reserved: number; readonly foreign: number }): string {
  const words: string[] = [];
  if (side.foreign > 0) words.push(`${side.foreign} by other tools`);
  if (side.reserved > 0) words.push(`${side.reserved} kept for other tools`);
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
