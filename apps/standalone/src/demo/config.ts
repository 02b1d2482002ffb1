/** What the demo is asked to do. The only file of the demo that reads arguments and environment. */
import { parseArgs } from "node:util";
import { BulkError } from "@headgate/core";

export interface DemoConfig {
  /** Ends stdout with one line of JSON; all text for people goes to stderr. */
  readonly json: boolean;
  /** Leaves everything running after the check, until a signal comes. */
  readonly keep: boolean;
  readonly help: boolean;
  /** Size of the generated file in MB (10^6 bytes). */
  readonly megabytes: number;
  /** A Redis that is already there; without it a private one is started. */
  readonly redisUrl: string | undefined;
  /** The environment that programs are started with, less all settings of headgate and AWS. */
  readonly childEnvironment: Readonly<Record<string, string>>;
}

/** What `--help` prints. */
export const usage = `usage: npm run demo -- [--json] [--keep] [--megabytes <n>]

Starts headgate (Redis, HTTP API, three workers), an S3 server and an emulator of the Ingestion API
with the real limits on this machine, loads real CSV files and a generated one of 400 MB through
it, and compares what arrived, record by record, with a count of the sources by another CSV parser.

  --json           the last line of stdout is the result as JSON, everything else goes to stderr
  --keep           afterwards leave everything running, and say where, until Ctrl-C
  --megabytes <n>  size of the generated file, 1 to 4000 (default 400)

HEADGATE_REDIS_URL names a Redis to use in place of a private one; the demo removes its keys.
Exit code: 0 everything arrived within the limits, 1 not so, 2 wrong arguments.
`;

/** Reads the command line and the environment. Throws ERR_CONFIG that names the wrong argument. */
export function readDemoConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DemoConfig {
  const { values } = parse(argv);
  const { json, keep, help } = values;
  return Object.freeze({
    json,
    keep,
    help,
    megabytes: megabytesOf(values.megabytes),
    redisUrl: environment.HEADGATE_REDIS_URL || undefined,
    childEnvironment: withoutSettings(environment),
  });
}

function parse(argv: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  const megabytes = { type: "string", default: "400" } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: { json: flag, keep: flag, help: flag, megabytes },
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BulkError("ERR_CONFIG", message, { cause });
  }
}

function megabytesOf(text: string): number {
  const megabytes = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (megabytes >= 1 && megabytes <= 4000) return megabytes;
  throw new BulkError("ERR_CONFIG", `--megabytes must be 1 to 4000, not ${JSON.stringify(text)}`, {
    fields: { megabytes: text },
  });
}

/** A user's own settings must not reach the demo's programs, nor its loads the user's tenant. */
function withoutSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && !/^(HEADGATE|AWS)_/.test(name)) kept[name] = value;
  return kept;
}
