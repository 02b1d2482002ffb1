import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { z } from "zod";
import { type RunAnswer, startBackfill, startRun } from "../../api/schedules.ts";
import {
  type ApiSession,
  addWaitFlags,
  apiCommand,
  apiFlags,
  type CommandContext,
  date,
  sessionFor,
  waitFlags,
  wholeNumber,
} from "../../command-context.ts";
import { CliError } from "../../errors.ts";
import { followRun, requireCompleteRun } from "../../follow/follow-run.ts";
import { showCount } from "../../show/measures.ts";
import { showRun, showRuns } from "../../show/show-run.ts";

const runFlags = apiFlags.extend({
  ...waitFlags,
  date: z.string().exactOptional(),
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
  leaveSlots: z.number().exactOptional(),
});
type RunFlags = z.output<typeof runFlags>;

const examples = `
Examples:
  $ headgate schedule run nightly --wait
  $ headgate schedule run nightly --date 2026-01-31
  $ headgate schedule run nightly --from 2026-01-01 --to 2026-01-31 --leave-slots 8`;

/** `headgate schedule run`: a run by hand, or a backfill of one run a date. */
export function runCommand(context: CommandContext): Command {
  const command = apiCommand("run")
    .summary("start a run, or a backfill of many dates")
    .description(
      "Starts a run now; with --from and --to a backfill: one run a date, oldest first, which leaves slots for others.",
    )
    .argument("<name>", "the schedule's name, or connection.name")
    .option("--date <yyyy-MM-dd>", "the run's date; default that of a run started now", date)
    .option("--from <yyyy-MM-dd>", "first date of a backfill", date)
    .option("--to <yyyy-MM-dd>", "last date of a backfill", date)
    .option(
      "--leave-slots <n>",
      "a backfill creates bulk jobs only while more than n slots are free (default 5)",
      wholeNumber(0, 999),
    );
  return addWaitFlags(command, "each run")
    .addHelpText("after", examples)
    .action(async (name: string, options: unknown) => {
      const flags = runFlags.parse(options);
      const { from, to } = backfillOf(flags);
      const session = sessionFor(flags, context);
      if (from === undefined || to === undefined) await runOnce(session, name, flags);
      else await backfill(session, name, { ...flags, from, to });
    });
}

async function runOnce(session: ApiSession, name: string, flags: RunFlags): Promise<void> {
  let run = await session.client.ask(startRun(name, { date: flags.date }, randomUUID()));
  if (flags.wait) run = await followRun(session, run, flags.timeout);
  session.terminal.answer(flags.json ? JSON.stringify(run) : showRun(run));
  if (flags.wait) requireCompleteRun(run);
}

async function backfill(
  session: ApiSession,
  name: string,
  flags: RunFlags & { readonly from: string; readonly to: string },
): Promise<void> {
  const { from, to, leaveSlots } = flags;
  const begun = await session.client.ask(
    startBackfill(name, { from, to, leaveSlots }, randomUUID()),
  );
  const endsAt = flags.timeout === undefined ? undefined : performance.now() + flags.timeout * 1000;
  const runs: RunAnswer[] = flags.wait ? [] : [...begun.runs];
  if (flags.wait)
    for (const run of begun.runs) {
      const left =
        endsAt === undefined ? undefined : Math.max(0.001, (endsAt - performance.now()) / 1000);
      runs.push(await followRun(session, run, left));
    }
  session.terminal.answer(flags.json ? JSON.stringify({ ...begun, runs }) : showRuns(runs));
  if (!flags.wait) return;
  const incomplete = runs.filter(({ state }) => state !== "complete");
  if (incomplete.length > 0)
    throw new CliError(
      "failed",
      `${incomplete.length} of ${showCount(runs.length, "run")} not complete: ${incomplete.map(({ date: day, state }) => `${day} ${state}`).join(", ")}`,
    );
}

function backfillOf({ date: day, from, to, leaveSlots }: RunFlags): Pick<RunFlags, "from" | "to"> {
  if ((from === undefined) !== (to === undefined))
    throw new CliError("usage", "--from and --to belong together");
  if (from !== undefined && day !== undefined)
    throw new CliError("usage", "--date is for one run, --from and --to for a backfill");
  if (from === undefined && leaveSlots !== undefined)
    throw new CliError("usage", "--leave-slots is for a backfill, with --from and --to");
  if (from !== undefined && to !== undefined && from > to)
    throw new CliError("usage", `--from ${from} is after --to ${to}`);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}
