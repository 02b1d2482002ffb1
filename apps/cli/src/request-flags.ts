/** The flags that describe a load, shared by `load` and `plan`, and the request they make. */
import {
  apiNamePattern,
  compressions,
  encodings,
  headerModes,
  operations,
  preflightPolicies,
} from "@headgate/core";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { type ApiSession, wholeNumber } from "./command-context.ts";
import { sendLocal } from "./local-sources.ts";
import { isUri, parseSource, type SourceRequest } from "./source-flags.ts";

/** What `addRequestFlags` adds, for a zod object. */
export const requestFlags = {
  to: z.object({ sourceName: z.string(), object: z.string() }),
  operation: z.enum(operations),
  connection: z.string().exactOptional(),
  suffix: z.string().exactOptional(),
  manifest: z.boolean().default(false),
  header: z.enum(headerModes).exactOptional(),
  compression: z.enum(compressions).exactOptional(),
  encoding: z.enum(encodings).exactOptional(),
  delimiter: z.string().exactOptional(),
  preflight: z.enum(preflightPolicies).exactOptional(),
  values: z.boolean().default(true),
  fullScan: z.boolean().default(false),
  leaveSlots: z.number().exactOptional(),
};
const schema = z.object(requestFlags);

/** A load request, as the API takes it. */
export interface LoadRequest extends Readonly<Record<string, unknown>> {
  readonly source: SourceRequest;
}

/** Which files, for help texts. */
export const sourceHelp = `
SOURCE, one of:
  s3://bucket/orders.csv          this object, or else every object under orders.csv/
  s3://bucket/2026-01-01/         every object under it; --suffix .csv for some of them
  "s3://bucket/2026-*/**/*.csv"   every object that matches (write *?[{ as %2A %3F %5B %7B to mean themselves)
  --manifest s3://bucket/m.json   every object the manifest lists
  file:///data/orders.csv         files that the workers can read, in all the ways above
  orders.csv                      files of this machine, sent to the API first
  -                               standard input, sent to the API first
  several of one kind             these objects or files, in this order`;

/** Adds the flags of `requestFlags` and the argument for the sources. */
export function addRequestFlags(command: Command): Command {
  return command
    .argument("<source...>", "which files, see below")
    .requiredOption("--to <source/object>", "connector and object, such as web/order", parseTarget)
    .addOption(
      new Option("--operation <name>", "what to do with the records")
        .choices(operations)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--connection <name>", 'connection to use (default "default")').env(
        "HEADGATE_CONNECTION",
      ),
    )
    .option("--suffix <text>", "of the objects under a prefix, only those that end so")
    .option("--manifest", "the URI is a manifest")
    .addOption(
      new Option(
        "--header <mode>",
        "how the first record is read (upsert: present; delete: detect)",
      ).choices(headerModes),
    )
    .addOption(
      new Option("--compression <name>", "default auto: by the ending .gz or .zst").choices(
        compressions,
      ),
    )
    .addOption(
      new Option("--gzip", "the same as --compression gzip").implies({ compression: "gzip" }),
    )
    .addOption(new Option("--encoding <name>", "default utf-8").choices(encodings))
    .option(
      "--delimiter <char>",
      "comma (default), semicolon, tab or pipe, or , ; |",
      parseDelimiter,
    )
    .addOption(
      new Option("--preflight <policy>", "what findings lead to (default: as configured)").choices(
        preflightPolicies,
      ),
    )
    .option("--no-values", "do not check numbers, booleans, dates and keys in each record")
    .option("--full-scan", "look for primary keys that come twice anywhere in the load")
    .option(
      "--leave-slots <n>",
      "create bulk jobs only while more than n slots are free (default 0)",
      wholeNumber(0, 999),
    );
}

/**
 * The request that the flags describe. Local files are sent to the API and become URIs. Throws
 * CliError, and what sending throws.
 */
export async function requestFor(
  session: ApiSession,
  sources: readonly string[],
  options: { readonly flags: z.output<typeof schema>; readonly stdin: NodeJS.ReadableStream },
): Promise<LoadRequest> {
  const { flags, stdin } = options;
  const { to, operation, connection, header, leaveSlots, manifest, suffix } = flags;
  const { compression, encoding, delimiter, preflight: policy } = flags;
  const how = { manifest, ...(suffix === undefined ? {} : { suffix }) };
  const format = given({ compression, encoding, delimiter });
  const preflight = given({
    policy,
    values: flags.values ? undefined : false,
    duplicates: flags.fullScan ? true : undefined,
  });
  const source = sources.every(isUri)
    ? parseSource(sources, how)
    : await sendLocal(session, sources, { stdin, manifest, suffix });
  return {
    ...to,
    operation,
    source,
    ...given({ connection, header, leaveSlots, format, preflight }),
  };
}

/** The properties that have a value; undefined where none has. */
function given<Value>(
  properties: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> | undefined {
  const entries = Object.entries(properties).filter(
    (entry): entry is [string, Value] => entry[1] !== undefined,
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function parseTarget(text: string): { sourceName: string; object: string } {
  const [sourceName = "", object = "", ...more] = text.split("/");
  if (more.length > 0 || !apiNamePattern.test(sourceName) || !apiNamePattern.test(object))
    throw new InvalidArgumentError("It must be source/object, of letters, digits, _ and -.");
  return { sourceName, object };
}

const delimiterWords: ReadonlyMap<string, string> = new Map([
  ["comma", ","],
  ["semicolon", ";"],
  ["tab", "\t"],
  ["\\t", "\t"],
  ["pipe", "|"],
]);

function parseDelimiter(text: string): string {
  const delimiter = delimiterWords.get(text) ?? text;
  if ([...delimiterWords.values()].includes(delimiter)) return delimiter;
  throw new InvalidArgumentError("It must be comma, semicolon, tab or pipe.");
}
