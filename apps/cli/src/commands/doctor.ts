import { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { environment } from "../config.ts";
import { CliError } from "../errors.ts";
import { showCount } from "../show/measures.ts";
import { addConfigFlag } from "./config.ts";

const doctorFlags = z.object({
  config: z.string().exactOptional(),
  json: z.boolean().default(false),
});

const examples = `
Changes nothing and uses no slot. Exit code 1 where a check fails.

Examples:
  $ headgate doctor
  $ headgate doctor --json | jq '.checks[] | select(.status == "fail")'`;

const marks = { ok: "ok  ", warn: "WARN", fail: "FAIL", skip: "skip" } as const;

/** `headgate doctor`: tries everything that API and workers need, from this machine. */
export function doctorCommand(context: CommandContext): Command {
  return addConfigFlag(new Command("doctor"))
    .description(
      "Tries Redis, sources, key files, logins, the tenants' lists and the clocks as headgate.yaml names them, and says what to do about each fault.",
    )
    .option("--json", "print one JSON document on stdout and nothing else")
    .addHelpText("after", examples)
    .action(async (options: unknown) => {
      const { terminal, signal } = context;
      const flags = doctorFlags.parse(options);
      const { loadConfig } = await import("@headgate/config");
      const { runDoctor } = await import("@headgate/worker/doctor");
      const loaded = loadConfig({ path: flags.config, environment: environment() });
      const report = await runDoctor(loaded, { signal });
      terminal.answer(
        flags.json
          ? JSON.stringify(report)
          : report.checks
              .map((check) => {
                const line = `${marks[check.status]}  ${check.title}: ${check.detail}`;
                return "advice" in check ? `${line}\n      ${check.advice}` : line;
              })
              .join("\n"),
      );
      const failed = report.checks.filter(({ status }) => status === "fail");
      if (!report.ok) throw new CliError("failed", `${showCount(failed.length, "check")} failed`);
    });
}
