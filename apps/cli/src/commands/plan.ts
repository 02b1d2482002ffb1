import type { Command } from "commander";
import { z } from "zod";
import { planLoad, planReport } from "../api/errands.ts";
import {
  addTimeout,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
} from "../command-context.ts";
import { CliError } from "../errors.ts";
import { writeFindings } from "../findings-file.ts";
import { runErrand } from "../follow/follow-errand.ts";
import { addRequestFlags, requestFlags, requestFor, sourceHelp } from "../request-flags.ts";
import { showPlan } from "../show/show-plan.ts";

const planFlags = apiFlags.extend({
  ...requestFlags,
  timeout: z.number().exactOptional(),
  csv: z.string().exactOptional(),
});

const examples = `${sourceHelp}

Exit code 5 where the load would be refused.

Examples:
  $ headgate plan s3://crm/2026-01-01/ --to web/order --operation upsert
  $ headgate plan orders.csv --to web/order --operation upsert --full-scan --csv findings.csv`;

/** `headgate plan`: a dry run of `headgate load`. */
export function planCommand(context: CommandContext): Command {
  const command = addRequestFlags(apiCommand("plan"))
    .description(
      "Reads the files of a load and shows its parts, bulk jobs and what preflight finds. Records nothing and uses no slot.",
    )
    .option("--csv <file>", "write the findings there as CSV");
  return addTimeout(command)
    .addHelpText("after", examples)
    .action(async (sources: string[], options: unknown) => {
      const flags = planFlags.parse(options);
      const session = sessionFor(flags, context);
      const request = await requestFor(session, sources, { flags, stdin: context.stdin });
      const plan = await runErrand(session, planLoad(request), {
        report: planReport,
        timeoutSeconds: flags.timeout,
      });
      if (flags.csv !== undefined) await writeFindings(flags.csv, plan.findings);
      session.terminal.answer(flags.json ? JSON.stringify(plan) : showPlan(plan));
      if (plan.ok) return;
      const why = plan.reason === undefined ? "" : `: ${plan.reason.message} (${plan.reason.code})`;
      throw new CliError("bad-input", `the load would be refused${why}`);
    });
}
