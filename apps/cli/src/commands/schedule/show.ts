import type { Command } from "commander";
import { z } from "zod";
import { getSchedule, listSchedules, type ScheduleAnswer } from "../../api/schedules.ts";
import { apiCommand, apiFlags, type CommandContext, sessionFor } from "../../command-context.ts";
import { showTable } from "../../show/measures.ts";
import { showRun } from "../../show/show-run.ts";

const listFlags = apiFlags.extend({ connection: z.string().exactOptional() });

/** `headgate schedule list`. */
export function listCommand(context: CommandContext): Command {
  return apiCommand("list")
    .summary("list schedules and their next runs")
    .description("Lists schedules, when they run next and how the last run went.")
    .option("--connection <name>", "only those of this connection")
    .addHelpText("after", "\nExample:\n  $ headgate schedule list --json")
    .action(async (options: unknown) => {
      const flags = listFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const answer = await client.ask(listSchedules({ connection: flags.connection }));
      terminal.answer(flags.json ? JSON.stringify(answer) : showSchedules(answer.schedules));
    });
}

/** `headgate schedule show`. */
export function showCommand(context: CommandContext): Command {
  return apiCommand("show")
    .summary("show a schedule")
    .description("Shows a schedule: what it loads, when it runs next, how the last run went.")
    .argument("<name>", "the schedule's name, or connection.name")
    .addHelpText("after", "\nExample:\n  $ headgate schedule show nightly")
    .action(async (name: string, options: unknown) => {
      const flags = apiFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const schedule = await client.ask(getSchedule(name));
      terminal.answer(flags.json ? JSON.stringify(schedule) : showSchedule(schedule));
    });
}

function showSchedules(schedules: readonly ScheduleAnswer[]): string {
  if (schedules.length === 0) return "no schedules";
  return showTable([
    ["SCHEDULE", "CONNECTION", "CRON", "NEXT RUN", "LAST RUN"],
    ...schedules.map(({ name, spec, paused, nextRuns, lastRun }) => [
      name,
      spec.connection,
      `${spec.cron} ${spec.timeZone}`,
      paused ? "paused" : (nextRuns[0] ?? "none"),
      lastRun === undefined ? "none" : `${lastRun.date} ${lastRun.state}`,
    ]),
  ]);
}

function showSchedule(schedule: ScheduleAnswer): string {
  const { name, origin, paused, spec, nextRuns, lastRun } = schedule;
  const facts = showTable([
    ["schedule", `${name} on ${spec.connection}`],
    ["made by", origin === "file" ? "headgate.yaml" : "HTTP API"],
    ["cron", `${spec.cron} in ${spec.timeZone}`],
    ["next runs", paused ? "paused" : nextRuns.join(", ") || "none"],
    ...spec.targets.map(({ sourceName, object, source }) => [
      "target",
      `${sourceName}/${object} from ${Object.values(Object(source)).flat().join(" ")}`,
    ]),
  ]);
  return lastRun === undefined ? facts : `${facts}\n\nlast run\n${showRun(lastRun)}`;
}
