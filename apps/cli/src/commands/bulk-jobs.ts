import { bulkJobPhases } from "@headgate/core";
import { Command, Option } from "commander";
import { z } from "zod";
import { abortBulkJob, observeTenant } from "../api/errands.ts";
import { type BulkJobAnswer, listBulkJobs } from "../api/quota.ts";
import {
  addTimeout,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
  wholeNumber,
} from "../command-context.ts";
import { runErrand } from "../follow/follow-errand.ts";
import { showTable } from "../show/measures.ts";

const listFlags = apiFlags.extend({
  connection: z.string().exactOptional(),
  phase: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  limit: z.number().exactOptional(),
  cursor: z.string().exactOptional(),
});
const errandFlags = apiFlags.extend({
  connection: z.string().exactOptional(),
  timeout: z.number().exactOptional(),
});
const report = z.looseObject({});

/** `headgate bulk-jobs`: list, abort, observe. */
export function bulkJobsCommand(context: CommandContext): Command {
  return new Command("bulk-jobs")
    .description("Shows and aborts bulk jobs, headgate's own and those of other tools.")
    .addCommand(listCommand(context))
    .addCommand(abortCommand(context))
    .addCommand(observeCommand(context));
}

function listCommand(context: CommandContext): Command {
  return apiCommand("list")
    .summary("list bulk jobs")
    .description("Lists other tools' unfinished bulk jobs, then headgate's own, newest first.")
    .option("--connection <name>", "only those of this connection")
    .addOption(
      new Option("--phase <phase>", "only headgate's own in this phase").choices(bulkJobPhases),
    )
    .addOption(
      new Option("--owner <owner>", "headgate's own, or other tools'").choices(["ours", "foreign"]),
    )
    .option("--limit <n>", "at most so many, 1 to 100 (default 20)", wholeNumber(1, 100))
    .option("--cursor <text>", "the page that an earlier answer pointed to")
    .addHelpText("after", "\nExample:\n  $ headgate bulk-jobs list --owner foreign")
    .action(async (options: unknown) => {
      const flags = listFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const { connection, phase, owner, limit, cursor } = flags;
      const page = await client.ask(listBulkJobs({ connection, phase, owner, limit, cursor }));
      terminal.answer(flags.json ? JSON.stringify(page) : showBulkJobs(page.bulkJobs));
      if (!flags.json && page.nextCursor !== undefined)
        terminal.note(`there are more: --cursor ${page.nextCursor}`);
    });
}

function abortCommand(context: CommandContext): Command {
  const command = apiCommand("abort")
    .summary("abort a bulk job")
    .description(
      "Aborts a bulk job by headgate's id or the API's, and waits until it is done. Parts of headgate's own go back in line; the slot is spent.",
    )
    .argument("<id>", "headgate's id or the API's")
    .option("--connection <name>", "where it is; needed for other tools' where there are several");
  return addTimeout(command)
    .addHelpText("after", "\nExample:\n  $ headgate bulk-jobs abort 7505g00000AbCdE")
    .action(async (id: string, options: unknown) => {
      const flags = errandFlags.parse(options);
      const session = sessionFor(flags, context);
      const { connection, timeout: timeoutSeconds } = flags;
      const result = await runErrand(session, abortBulkJob(id, { connection }), {
        report,
        timeoutSeconds,
      });
      session.terminal.answer(flags.json ? JSON.stringify(result) : `bulk job ${id} is aborted`);
    });
}

function observeCommand(context: CommandContext): Command {
  const command = apiCommand("observe")
    .summary("read the tenant's list of unfinished bulk jobs now")
    .description(
      "Reads the tenant's list of unfinished bulk jobs now, so that other tools' count at once.",
    )
    .option("--connection <name>", "which tenant", "default");
  return addTimeout(command)
    .addHelpText("after", "\nExample:\n  $ headgate bulk-jobs observe")
    .action(async (options: unknown) => {
      const flags = errandFlags.parse(options);
      const session = sessionFor(flags, context);
      const { connection, timeout: timeoutSeconds } = flags;
      const result = await runErrand(session, observeTenant({ connection }), {
        report,
        timeoutSeconds,
      });
      session.terminal.answer(
        flags.json ? JSON.stringify(result) : "observed; see: headgate bulk-jobs list",
      );
    });
}

function showBulkJobs(bulkJobs: readonly BulkJobAnswer[]): string {
  if (bulkJobs.length === 0) return "no bulk jobs";
  return showTable([
    ["BULK JOB", "API ID", "OWNER", "OBJECT", "PHASE", "API STATE", "FILES", "CLAIMED"],
    ...bulkJobs.map((job) => [
      job.id ?? "",
      job.remoteId ?? "",
      job.owner,
      `${job.sourceName}/${job.object}`,
      [job.phase, job.end].filter(Boolean).join(" "),
      job.remoteState ?? "",
      job.files === undefined ? "" : `${job.uploadedFiles ?? 0}/${job.files}`,
      job.claimedAt ?? "",
    ]),
  ]);
}
