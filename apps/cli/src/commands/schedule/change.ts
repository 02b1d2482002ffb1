import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { z } from "zod";
import { createSchedule, deleteSchedule, switchSchedule } from "../../api/schedules.ts";
import { apiCommand, apiFlags, type CommandContext, sessionFor } from "../../command-context.ts";
import { CliError } from "../../errors.ts";

const createFlags = apiFlags.extend({ file: z.string() });

const createExamples = `
The file has the properties that a schedule has in headgate.yaml, as YAML or JSON:
  cron: "0 2 * * *"
  timeZone: Europe/Oslo
  targets:
    - { sourceName: crm, object: customers, source: { prefix: "s3://crm/{yyyy-MM-dd}/customers/" } }

Example:
  $ headgate schedule create nightly --file nightly.yaml`;

/** `headgate schedule pause`, `resume`, `create` and `delete`. */
export function changeCommands(context: CommandContext): readonly Command[] {
  return [
    switchCommand(context, "pause", "Starts no more runs by the clock; runs under way go on."),
    switchCommand(context, "resume", "Starts runs by the clock again."),
    createCommand(context),
    deleteCommand(context),
  ];
}

function switchCommand(
  context: CommandContext,
  name: "pause" | "resume",
  description: string,
): Command {
  return apiCommand(name)
    .summary(`${name} a schedule`)
    .description(description)
    .argument("<name>", "the schedule's name, or connection.name")
    .addHelpText("after", `\nExample:\n  $ headgate schedule ${name} nightly`)
    .action(async (schedule: string, options: unknown) => {
      const flags = apiFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      const view = await client.ask(switchSchedule(schedule, name));
      const next = view.paused ? "paused" : `on; next run ${view.nextRuns[0] ?? "never"}`;
      terminal.answer(flags.json ? JSON.stringify(view) : `schedule ${view.name} is ${next}`);
    });
}

function createCommand(context: CommandContext): Command {
  return apiCommand("create")
    .summary("create a schedule")
    .description("Creates a schedule from a file.")
    .argument("<name>", "name of the schedule: a-z, 0-9 and -")
    .requiredOption("-f, --file <file>", "YAML or JSON that describes it")
    .addHelpText("after", createExamples)
    .action(async (name: string, options: unknown) => {
      const flags = createFlags.parse(options);
      const spec = await readSpec(flags.file);
      const { client, terminal } = sessionFor(flags, context);
      const view = await client.ask(createSchedule({ name, ...spec }, randomUUID()));
      terminal.answer(
        flags.json
          ? JSON.stringify(view)
          : `schedule ${view.name} created; next run ${view.nextRuns[0] ?? "never"}`,
      );
    });
}

function deleteCommand(context: CommandContext): Command {
  return apiCommand("delete")
    .summary("delete a schedule")
    .description("Deletes a schedule that was created here. Runs under way go on.")
    .argument("<name>", "the schedule's name, or connection.name")
    .addHelpText("after", "\nExample:\n  $ headgate schedule delete nightly")
    .action(async (name: string, options: unknown) => {
      const flags = apiFlags.parse(options);
      const { client, terminal } = sessionFor(flags, context);
      await client.ask(deleteSchedule(name));
      terminal.answer(
        flags.json ? JSON.stringify({ name, deleted: true }) : `schedule ${name} is deleted`,
      );
    });
}

/** The API checks what stands in it; here it must only be one mapping. */
async function readSpec(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse } = await import("yaml");
  try {
    return z.record(z.string(), z.unknown()).parse(parse(await readFile(file, "utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? "it is no mapping" : String(Object(cause).message);
    throw new CliError("usage", `cannot read a schedule from ${file}: ${why}`, { cause });
  }
}
