import { randomUUID } from "node:crypto";
import { apiNamePattern, headerModes, operations } from "@headgate/core";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import type { LoadAnswer } from "../api-answers.ts";
import type { ApiClient } from "../api-client.ts";
import { apiCommand, apiFlags, type CommandContext, clientFor } from "../command-context.ts";
import { CliError } from "../errors.ts";
import { showLoad } from "../show-load.ts";
import { parseSource } from "../source-flags.ts";
import { requireComplete, waitForLoad } from "../wait-for-load.ts";

const loadFlags = apiFlags.extend({
  to: z.object({ sourceName: z.string(), object: z.string() }),
  operation: z.enum(operations),
  connection: z.string().exactOptional(),
  suffix: z.string().exactOptional(),
  manifest: z.boolean().default(false),
  header: z.enum(headerModes).exactOptional(),
  idempotencyKey: z.string().exactOptional(),
  wait: z.boolean().default(false),
});

const examples = `
URI, one of:
  s3://bucket/orders.csv          this object, or else every object under orders.csv/
  s3://bucket/2026-01-01/         every object under it; --suffix .csv for some of them
  "s3://bucket/2026-*/**/*.csv"   every object that matches (write *?[{ as %2A %3F %5B %7B to mean themselves)
  --manifest s3://bucket/m.json   every object the manifest lists
  several URIs                    these objects, in this order
  file:///data/orders.csv         local files, where the worker allows them

Examples:
  $ headgate load s3://crm/orders.csv --to web/order --operation upsert --wait
  $ headgate load s3://crm/2026-01-01/ --suffix .csv --to web/order --operation upsert
  $ headgate load "s3://crm/gone-*.csv" --to web/order --operation delete --header absent --json`;

/** `headgate load`: brings a load, and with --wait follows it to its end. */
export function loadCommand(context: CommandContext): Command {
  return apiCommand("load")
    .summary("bring CSV files into an object of Data Cloud")
    .description("Asks headgate to load CSV files into an object of Data Cloud.")
    .argument("<uri...>", "which files, see below")
    .requiredOption("--to <source/object>", "connector and object, such as web/order", parseTarget)
    .addOption(
      new Option("--operation <name>", "what to do with the records")
        .choices(operations)
        .makeOptionMandatory(),
    )
    .option("--connection <name>", 'connection to use (default "default")')
    .option("--suffix <text>", "of the objects under a prefix, only those that end so")
    .option("--manifest", "the URI is a manifest")
    .addOption(
      new Option(
        "--header <mode>",
        "how the first record is read (upsert: present; delete: detect)",
      ).choices(headerModes),
    )
    .option(
      "--idempotency-key <key>",
      "the same key and request make one load only (default: a fresh key)",
      parseIdempotencyKey,
    )
    .option("--wait", "follow the load to its end; exit 1 unless it is complete")
    .addHelpText("after", examples)
    .action(async (uris: string[], options: unknown) => {
      const { terminal } = context;
      const flags = loadFlags.parse(options);
      const client = clientFor(flags, context);
      const load = await accept(client, uris, flags);
      if (!flags.wait) {
        terminal.answer(
          flags.json
            ? JSON.stringify(load)
            : `load ${load.id} accepted; follow it with: headgate status ${load.id} --wait`,
        );
        return;
      }
      const ended = await waitForLoad(client, load, context);
      terminal.answer(flags.json ? JSON.stringify(ended) : showLoad(ended));
      requireComplete(ended);
    });
}

async function accept(
  client: ApiClient,
  uris: readonly string[],
  flags: z.output<typeof loadFlags>,
): Promise<LoadAnswer> {
  const { to, operation, connection, header, suffix, manifest } = flags;
  const key = flags.idempotencyKey ?? randomUUID();
  const source = parseSource(uris, { manifest, ...(suffix === undefined ? {} : { suffix }) });
  try {
    return await client.accept({ ...to, operation, connection, source, header }, key);
  } catch (error) {
    if (!(error instanceof CliError) || !leavesDoubt.has(error.kind)) throw error;
    throw new CliError(
      error.kind,
      `${error.message}; the load may have been accepted: with --idempotency-key ${key} the same command makes no second one`,
      { code: error.code, cause: error },
    );
  }
}

/** Ends of a request after which nobody knows whether it was taken in. */
const leavesDoubt: ReadonlySet<CliError["kind"]> = new Set([
  "unavailable",
  "interrupted",
  "terminated",
]);

function parseTarget(text: string): { sourceName: string; object: string } {
  const [sourceName = "", object = "", ...more] = text.split("/");
  if (more.length > 0 || !apiNamePattern.test(sourceName) || !apiNamePattern.test(object))
    throw new InvalidArgumentError("It must be source/object, of letters, digits, _ and -.");
  return { sourceName, object };
}

function parseIdempotencyKey(text: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be 1 to 255 visible ASCII characters.");
}
