import { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { environment } from "../config.ts";

const configFlags = z.object({
  config: z.string().exactOptional(),
  json: z.boolean().default(false),
});

const examples = `
Examples:
  $ headgate config check --config /etc/headgate/headgate.yaml
  $ headgate config schema > headgate.schema.json`;

/** `headgate config`: check, show, schema. Talks to nothing. */
export function configCommand(context: CommandContext): Command {
  return new Command("config")
    .description("Checks and shows headgate.yaml with what the environment sets. Talks to nothing.")
    .addCommand(checkCommand(context))
    .addCommand(showCommand(context))
    .addCommand(schemaCommand(context))
    .addHelpText("after", examples);
}

/** Adds the flag that says which headgate.yaml. */
export function addConfigFlag(command: Command): Command {
  return command.option(
    "--config <file>",
    "which headgate.yaml (HEADGATE_CONFIG, default ./headgate.yaml, else the environment alone)",
  );
}

function checkCommand(context: CommandContext): Command {
  return addConfigFlag(new Command("check"))
    .summary("check headgate.yaml")
    .description(
      "Tells every fault at once, with its line; with --json on stdout. Exit code 2 where there is one.",
    )
    .option("--json", "print one JSON document on stdout and nothing else")
    .addHelpText("after", "\nExample:\n  $ headgate config check")
    .action(async (options: unknown) => {
      const flags = configFlags.parse(options);
      const { checkConfig, configError } = await import("@headgate/config");
      const checked = checkConfig({ path: flags.config, environment: environment() });
      if (checked.kind === "wrong") {
        const { path = null, faults } = checked;
        if (flags.json) context.terminal.answer(JSON.stringify({ ok: false, file: path, faults }));
        throw configError(faults);
      }
      const { path, config } = checked.loaded;
      const found = {
        ok: true,
        file: path ?? null,
        connections: Object.keys(config.connections),
        schedules: Object.keys(config.schedules),
        clients: Object.keys(config.clients),
      };
      context.terminal.answer(
        flags.json
          ? JSON.stringify(found)
          : `${path ?? "the environment"} is right: connections ${named(found.connections)}, schedules ${named(found.schedules)}, clients ${named(found.clients)}`,
      );
    });
}

function showCommand(context: CommandContext): Command {
  return addConfigFlag(new Command("show"))
    .summary("show the settings that are in effect")
    .description("Shows all settings with defaults and environment, secrets masked, as YAML.")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  $ headgate config show")
    .action(async (options: unknown) => {
      const flags = configFlags.parse(options);
      const { config } = await read(flags.config);
      const masked: unknown = JSON.parse(
        JSON.stringify(config, (name, value: unknown) =>
          name === "consumerKey" && typeof value === "string" ? "***" : value,
        ),
      );
      const { stringify } = await import("yaml");
      context.terminal.answer(flags.json ? JSON.stringify(masked) : stringify(masked).trimEnd());
    });
}

function schemaCommand(context: CommandContext): Command {
  return new Command("schema")
    .summary("print the JSON Schema of headgate.yaml")
    .description("Prints the JSON Schema of headgate.yaml, for editors.")
    .addHelpText("after", "\nExample:\n  $ headgate config schema > headgate.schema.json")
    .action(async () => {
      const { configJsonSchema } = await import("@headgate/config");
      context.terminal.answer(JSON.stringify(configJsonSchema(), undefined, 2));
    });
}

async function read(path: string | undefined) {
  const { loadConfig } = await import("@headgate/config");
  return loadConfig({ path, environment: environment() });
}

function named(names: readonly string[]): string {
  return names.join(", ") || "none";
}
