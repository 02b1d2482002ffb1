import type { Command } from "commander";
import { z } from "zod";
import { getQuota, type QuotaAnswer } from "../api/quota.ts";
import { apiCommand, apiFlags, type CommandContext, sessionFor } from "../command-context.ts";
import { showCount } from "../show/measures.ts";

const quotaFlags = apiFlags.extend({ connection: z.string().exactOptional() });

const examples = `
Examples:
  $ headgate quota
  $ headgate quota --connection sandbox --json`;

/** `headgate quota`: slots, permits and waiting work. */
export function quotaCommand(context: CommandContext): Command {
  return apiCommand("quota")
    .description(
      "Shows, for each connection, how many bulk jobs the rolling hour still allows, which are unfinished, and what waits.",
    )
    .option("--connection <name>", "only this connection")
    .addHelpText("after", examples)
    .action(async (options: unknown) => {
      const flags = quotaFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const answer = await client.ask(getQuota(flags.connection));
      terminal.answer(
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
  if (slots.returnsAt.length > 0)
    lines.push(`  slots return at ${slots.returnsAt.map(shortTime).join(", ")} UTC`);
  if (quota.gateClosedUntil !== undefined)
    lines.push(`  closed until ${quota.gateClosedUntil}: the API asked to slow down`);
  if (quota.lost !== undefined) lines.push(...showLoss(quota.lost));
  for (const holder of permits.holders) {
    const { bulkJob, sourceName, object, phase, since, loads } = holder;
    const how = since === undefined ? phase : `${phase} since ${since}`;
    const whose = loads === undefined ? "" : ` for ${loads.join(", ")}`;
    lines.push(`  bulk job ${bulkJob} ${sourceName}/${object} ${how}${whose}`);
  }
  for (const { object, loads } of waiting)
    lines.push(`  waiting  ${object}: ${showCount(loads, "load")}`);
  return lines.join("\n");
}

function showLoss(lost: NonNullable<QuotaAnswer["quotas"][number]["lost"]>): readonly string[] {
  const { at, frozenUntil, message, unknownBulkJobs, missingLoads } = lost;
  const lines = [
    `  lost     Redis lost data, seen at ${at}: ${message}; nothing created until ${frozenUntil}`,
  ];
  if (unknownBulkJobs.length > 0)
    lines.push(`           unknown bulk jobs of the tenant: ${unknownBulkJobs.join(", ")}`);
  if (missingLoads.length > 0) lines.push(`           loads gone: ${missingLoads.join(", ")}`);
  return lines;
}

/** An instant of the rolling hour: its time of day says which. */
function shortTime(instant: string): string {
  return instant.slice("2026-01-01T".length, "2026-01-01T00:00:00".length);
}

function others(side: { readonly reserved: number; readonly foreign: number }): string {
  const words: string[] = [];
  if (side.foreign > 0) words.push(`${side.foreign} by other tools`);
  if (side.reserved > 0) words.push(`${side.reserved} kept for other tools`);
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
