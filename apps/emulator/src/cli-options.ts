/** Reads the command line of `headgate-emulator` into options of `startEmulator`. */
import { readFileSync } from "node:fs";
import { BulkError } from "@headgate/core";
import { Command, InvalidArgumentError } from "commander";
import type { EmulatorOptions } from "./emulator.ts";

export interface CliOptions {
  readonly emulator: EmulatorOptions;
  /** Print the start line as JSON. */
  readonly json: boolean;
}

/** Port of the emulator where none is chosen. */
const defaultPort = 8443;

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly allowRemote?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly schema?: Readonly<Record<string, string>>;
  readonly consumerKey?: string;
  readonly user?: readonly string[];
  readonly publicKey?: string;
  readonly audience?: readonly string[];
  readonly processingMs?: number;
  readonly strict?: boolean;
  readonly manualClock?: boolean;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly json?: boolean;
}

/** Parses arguments (without node and script). Exits on --help; throws ERR_CONFIG for a wrong one. */
export function parseArguments(argv: readonly string[]): CliOptions {
  const flags = command()
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0);
      throw new BulkError("ERR_CONFIG", error.message);
    })
    .configureOutput({ writeErr: () => undefined })
    .parse(argv, { from: "user" })
    .opts<Flags>();
  const { tlsCert, tlsKey, schema = {}, audience = [], processingMs } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new BulkError("ERR_CONFIG", "give both --tls-cert and --tls-key, or neither");
  }
  const settings = {
    ...(flags.strict ? { strictLogin: true } : {}),
    ...(audience.length > 0 ? { audiences: [...audience] } : {}),
    ...(processingMs === undefined ? {} : { processingMs }),
    ...flags.set,
  };
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? {}
      : { tls: { cert: readText(tlsCert), key: readText(tlsKey) } };
  return {
    json: flags.json ?? false,
    emulator: {
      port: flags.port,
      host: flags.host,
      allowRemote: flags.allowRemote ?? false,
      clock: flags.manualClock ? "manual" : "real",
      schemas: Object.fromEntries(
        Object.entries(schema).map(([sourceName, path]) => [sourceName, readText(path)]),
      ),
      connectedApps: connectedApps(flags),
      settings,
      ...tls,
    },
  };
}

function command(): Command {
  return new Command("headgate-emulator")
    .description(
      "Local Data Cloud Ingestion API and OAuth with the real limits, a clock and faults",
    )
    .option("--port <number>", "port, 0 for any free one", portNumber, defaultPort)
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option(
      "--allow-remote",
      "allow a --host that is not loopback; the control routes need no token",
    )
    .option("--tls-cert <file>", "PEM certificate: speak HTTPS")
    .option("--tls-key <file>", "PEM private key of that certificate")
    .option("--schema <source=file>", "connector and its OpenAPI YAML; repeatable", pair)
    .option("--consumer-key <key>", "connected app that may log in")
    .option("--user <name>", "user of that app; repeatable", list)
    .option("--public-key <file>", "PEM certificate or public key of that app")
    .option("--audience <url>", "accepted audience in place of Salesforce's; repeatable", list)
    .option("--processing-ms <ms>", "from UploadComplete to JobComplete", wholeNumber)
    .option("--strict", "strict login")
    .option("--manual-clock", "let the clock stand until /__emulator/clock moves it")
    .option("--set <name=value>", "any other setting, value as JSON or text; repeatable", setting)
    .option("--json", "print the start line as JSON");
}

function connectedApps(flags: Flags): NonNullable<EmulatorOptions["connectedApps"]> {
  const { consumerKey, publicKey, user = [] } = flags;
  if (consumerKey === undefined && publicKey === undefined && user.length === 0) return [];
  if (consumerKey === undefined || publicKey === undefined || user.length === 0) {
    throw new BulkError("ERR_CONFIG", "--consumer-key, --public-key and --user belong together");
  }
  return [{ consumerKey, publicKey: readText(publicKey), users: [...user] }];
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new BulkError("ERR_CONFIG", `file ${path} cannot be read`, { fields: { path }, cause });
  }
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError("must be 0 to 65535");
  return port;
}

function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function pair(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("must be name=value");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function setting(
  text: string,
  before: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const [entry] = Object.entries(pair(text, {}));
  if (entry === undefined) return { ...before };
  const [name, value] = entry;
  return { ...before, [name]: asJson(value) };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
