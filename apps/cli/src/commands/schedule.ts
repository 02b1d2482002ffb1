import { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { changeCommands } from "./schedule/change.ts";
import { runCommand } from "./schedule/run.ts";
import { cancelRunCommand, nextCommand, runsCommand } from "./schedule/runs.ts";
import { listCommand, showCommand } from "./schedule/show.ts";
import { testCommand } from "./schedule/test.ts";

const examples = `
Examples:
  $ headgate schedule list
  $ headgate schedule test nightly --date 2026-01-31
  $ headgate schedule run nightly --from 2026-01-01 --to 2026-01-31 --wait`;

/** `headgate schedule`: nightly batches and backfills. */
export function scheduleCommand(context: CommandContext): Command {
  const schedule = new Command("schedule")
    .description(
      "Shows and runs schedules. Those of headgate.yaml are changed there; others are created and deleted here.",
    )
    .addHelpText("after", examples);
  for (const command of [
    listCommand(context),
    showCommand(context),
    testCommand(context),
    runCommand(context),
    runsCommand(context),
    cancelRunCommand(context),
    nextCommand(context),
    ...changeCommands(context),
  ])
    schedule.addCommand(command);
  return schedule;
}
