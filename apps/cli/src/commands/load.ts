import { randomUUID } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { acceptLoad, type LoadAnswer } from "../api/loads.ts";
import {
  type ApiSession,
  addWaitFlags,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
  waitFlags,
} from "../command-context.ts";
import { CliError, isCliError } from "../errors.ts";
import { followLoad, requireComplete } from "../follow/follow-load.ts";
import {
  addRequestFlags,
  type LoadRequest,
  requestFlags,
  requestFor,
  sourceHelp,
} from "../request-flags.ts";
import { showLoad } from "../show/show-load.ts";
import { isUri } from "../source-flags.ts";

const loadFlags = apiFlags.extend({
  ...requestFlags,
  ...waitFlags,
  idempotencyKey: z.string().exactOptional(),
});

const examples = `${sourceHelp}

Examples:
  $ headgate load s3://crm/orders.csv --to web/order --operation upsert --wait
  $ headgate load s3://crm/2026-01-01/ --suffix .csv --to web/order --operation upsert
  $ headgate load orders.csv --to web/order --operation upsert --preflight warn --wait --timeout 30m
  $ zcat orders.csv.gz | headgate load - --to web/order --operation upsert
  $ headgate load "s3://crm/gone-*.csv" --to web/order --operation delete --header absent --json`;

/** `headgate load`: brings a load, and with --wait follows it to its end. */
export function loadCommand(context: CommandContext): Command {
  const command = addRequestFlags(apiCommand("load"))
    .description("Asks headgate to load CSV files into an object of Data Cloud.")
    .option(
      "--idempotency-key <key>",
      "the same key and request make one load only (default: a fresh key)",
      parseIdempotencyKey,
    );
  return addWaitFlags(command, "the load")
    .addHelpText("after", examples)
    .action(async (sources: string[], options: unknown) => {
      const flags = loadFlags.parse(options);
      if (flags.idempotencyKey !== undefined && !sources.every(isUri))
        throw new CliError(
          "usage",
          "--idempotency-key is for URIs: a file that is sent again is another source of another request",
        );
      const session = sessionFor(flags, context);
      const request = await requestFor(session, sources, { flags, stdin: context.stdin });
      const key = flags.idempotencyKey ?? randomUUID();
      const load = await accept(session, request, { key, local: !sources.every(isUri) });
      if (!flags.wait) {
        session.terminal.answer(
          flags.json
            ? JSON.stringify(load)
            : `load ${load.id} accepted; follow it with: headgate status ${load.id} --wait`,
        );
        return;
      }
      const ended = await followLoad(session, load, flags.timeout);
      session.terminal.answer(flags.json ? JSON.stringify(ended) : showLoad(ended));
      requireComplete(ended);
    });
}

async function accept(
  { client }: ApiSession,
  request: LoadRequest,
  { key, local }: { readonly key: string; readonly local: boolean },
): Promise<LoadAnswer> {
  try {
    return await client.ask(acceptLoad(request, key));
  } catch (error) {
    if (!isCliError(error, "unavailable", "interrupted", "terminated")) throw error;
    // Nobody knows whether the request was taken in.
    const files = local ? ` and ${Object.values(request.source).flat().join(" ")} as source` : "";
    throw new CliError(
      error.kind,
      `${error.message}; the load may have been accepted: with --idempotency-key ${key}${files} the same command makes no second one`,
      { code: error.code, cause: error },
    );
  }
}

function parseIdempotencyKey(text: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be 1 to 255 visible ASCII characters.");
}
