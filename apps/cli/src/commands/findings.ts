import type { Command } from "commander";
import { z } from "zod";
import { getFindings } from "../api/findings.ts";
import { apiCommand, apiFlags, type CommandContext, sessionFor } from "../command-context.ts";
import { writeFindings } from "../findings-file.ts";
import { showFindings } from "../show/show-findings.ts";

const findingsFlags = apiFlags.extend({ csv: z.string().exactOptional() });

const examples = `
Examples:
  $ headgate findings default.9f3c
  $ headgate findings default.9f3c --csv findings.csv`;

/** `headgate findings`: what preflight found in a load. */
export function findingsCommand(context: CommandContext): Command {
  return apiCommand("findings")
    .description(
      "Shows what preflight found in a load: rule, file, line and column. All are counted, the first 1,000 are kept.",
    )
    .argument("<id>", "the load's id")
    .option("--csv <file>", "also write them there as CSV")
    .addHelpText("after", examples)
    .action(async (id: string, options: unknown) => {
      const flags = findingsFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const findings = await client.ask(getFindings(id));
      if (flags.csv !== undefined) await writeFindings(flags.csv, findings);
      terminal.answer(flags.json ? JSON.stringify(findings) : showFindings(findings));
    });
}
