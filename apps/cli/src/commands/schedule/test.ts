import type { Command } from "commander";
import { z } from "zod";
import { type ScheduleTestReport, scheduleTestReport, testSchedule } from "../../api/errands.ts";
import {
  addTimeout,
  apiCommand,
  apiFlags,
  type CommandContext,
  date,
  sessionFor,
} from "../../command-context.ts";
import { runErrand } from "../../follow/follow-errand.ts";
import { showBytes, showCount } from "../../show/measures.ts";

const testFlags = apiFlags.extend({
  date: z.string().exactOptional(),
  timeout: z.number().exactOptional(),
});

const filesShown = 20;

/** `headgate schedule test`: what a run would take. */
export function testCommand(context: CommandContext): Command {
  const command = apiCommand("test")
    .summary("show what a run would take")
    .description("Shows what a run for a date would take now. Loads and records nothing.")
    .argument("<name>", "the schedule's name, or connection.name")
    .option("--date <yyyy-MM-dd>", "the run's date; default that of a run started now", date);
  return addTimeout(command)
    .addHelpText("after", "\nExample:\n  $ headgate schedule test nightly --date 2026-01-31")
    .action(async (name: string, options: unknown) => {
      const flags = testFlags.parse(options);
      const session = sessionFor(flags, context);
      const report = await runErrand(session, testSchedule(name, flags.date), {
        report: scheduleTestReport,
        timeoutSeconds: flags.timeout,
      });
      session.terminal.answer(flags.json ? JSON.stringify(report) : showReport(report));
    });
}

function showReport({ schedule, date: day, targets }: ScheduleTestReport): string {
  return [`${schedule} for ${day}`, ...targets.map(showTarget)].join("\n");
}

function showTarget(target: ScheduleTestReport["targets"][number]): string {
  const { name, sources, ready, waitsFor, files, newFiles, bytes, alreadyLoaded } = target;
  const lines = [
    `target ${name}: ${showCount(newFiles, "new file")}, ${showBytes(bytes)}; ${alreadyLoaded} loaded already; ${ready ? "ready" : `waits for ${waitsFor ?? "its files"}`}`,
    ...sources.map((source) => `  looks at ${source}`),
    ...files.slice(0, filesShown).map(({ uri, bytes: size }) => `  ${uri}  ${showBytes(size)}`),
  ];
  if (newFiles > filesShown) lines.push(`  and ${newFiles - filesShown} more`);
  return lines.join("\n");
}
