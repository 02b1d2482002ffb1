import { resolve } from "node:path";
import type { RunningUp } from "@headgate/standalone/up";
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { type CommandContext, wholeNumber } from "../command-context.ts";
import { dataFolder, environment } from "../config.ts";
import { CliError, exitCodeOf } from "../errors.ts";

const upFlags = z.object({
  config: z.string().exactOptional(),
  data: z.string().exactOptional(),
  port: z.number().exactOptional(),
  emulator: z.boolean().default(false),
  schema: z.map(z.string(), z.string()).default(new Map()),
  json: z.boolean().default(false),
});
type UpFlags = z.output<typeof upFlags>;

const examples = `
Reads headgate.yaml. Where that names no Redis, a private one keeps its data in the data folder (and
is installed first where the machine has none). Where it names no place for files, those of the
working folder can be loaded as file:///…, and those of this machine by their names. A key for
the commands of this user lies in the data folder's cli.json, where they find it. Ctrl-C or SIGTERM
gives work under way back and ends; a second one ends at once. Nothing is lost either way.
Exit code 0 after a clean end, 1 where it cannot start or Redis ends, 2 for a wrong setting.

With --emulator each connection of headgate.yaml logs in at an emulated tenant with the real limits,
which forgets its data at the end; --schema makes a connection "default" without any headgate.yaml.

Examples:
  $ headgate up
  $ headgate up --emulator --schema crm=crm.yaml
  $ headgate up --data /srv/headgate --config /etc/headgate/headgate.yaml --json`;

/** `headgate up`: API and worker in one process, until a signal. */
export function upCommand(context: CommandContext): Command {
  return new Command("up")
    .description("Runs API and worker in one process, for people with one machine.")
    .option("--config <file>", "which headgate.yaml (HEADGATE_CONFIG, default ./headgate.yaml)")
    .option(
      "--data <folder>",
      "where data is kept (HEADGATE_DATA, default ~/.local/share/headgate)",
    )
    .option("--port <n>", "port of the API in place of the configured one", wholeNumber(0, 65_535))
    .option("--emulator", "emulate the tenants")
    .option(
      "--schema <name=file>",
      "with --emulator: a connector and its OpenAPI YAML; repeatable",
      addSchema,
    )
    .option("--json", "print one JSON line on stdout when it is ready")
    .addHelpText("after", examples)
    .action(async (options: unknown) => {
      const flags = upFlags.parse(options);
      if (flags.schema.size > 0 && !flags.emulator)
        throw new CliError(
          "usage",
          "--schema goes with --emulator; else headgate.yaml names schemas",
        );
      await run(context, flags);
    });
}

async function run({ terminal, signal }: CommandContext, flags: UpFlags): Promise<void> {
  const { startUp } = await import("@headgate/standalone/up");
  const up = await startUp({
    dataFolder: dataFolder(flags.data),
    workingFolder: process.cwd(),
    configPath: flags.config,
    environment: environment(),
    port: flags.port,
    emulator: flags.emulator ? { schemas: flags.schema } : undefined,
    report: terminal.note,
    log: terminal.note,
  }).catch((cause: unknown) => {
    const cannotListen = cause instanceof Error && "syscall" in cause && cause.syscall === "listen";
    if (!cannotListen) throw cause;
    throw new CliError("failed", `${cause.message}; choose another port with --port`, { cause });
  });
  const { apiUrl, emulators, redis, data, boardPasswordFile } = up;
  const ready = {
    apiUrl,
    docsUrl: `${apiUrl}/docs`,
    boardUrl: `${apiUrl}/board`,
    boardPasswordFile: boardPasswordFile ?? null,
    emulators: Object.fromEntries(emulators),
    redis,
    data: data.path,
    cliFile: data.cliFile,
    pid: process.pid,
  };
  terminal.answer(flags.json ? JSON.stringify(ready) : showReady(ready, flags));
  const workerDead = up.workerDead.then(() => "worker-dead");
  const end = signal.aborted
    ? undefined
    : await Promise.race([up.redisEnded, workerDead, aborted(signal)]);
  if (signal.aborted) {
    terminal.note("giving back what is under way; once more Ctrl-C ends at once");
    await closeInTime(up, { ms: up.stopMs, terminal });
  } else if (end === "worker-dead") {
    await closeInTime(up, { ms: withoutRedisMs, terminal });
    throw new CliError("failed", "the worker took no task any more; start it again");
  } else {
    terminal.failure(`the private Redis has ended; see ${data.redis}/redis.log`);
    await closeInTime(up, { ms: withoutRedisMs, terminal });
    throw new CliError("failed", "ended without Redis");
  }
}

/** What is under way cannot be given back without Redis, so there is little to wait for. */
const withoutRedisMs = 1_000;

/** Closes, or ends the process with 1: its connections would keep it going. */
async function closeInTime(
  up: RunningUp,
  { ms, terminal }: { readonly ms: number; readonly terminal: CommandContext["terminal"] },
): Promise<void> {
  const late = setTimeout(() => {
    terminal.failure(
      `not ended within ${ms / 1000} s; the next start takes over what was under way`,
    );
    process.exit(exitCodeOf.failed);
  }, ms);
  await up.close();
  clearTimeout(late);
}

function showReady(
  ready: {
    readonly apiUrl: string;
    readonly docsUrl: string;
    readonly boardUrl: string;
    readonly boardPasswordFile: string | null;
    readonly emulators: Readonly<Record<string, string>>;
    readonly data: string;
  },
  flags: UpFlags,
): string {
  const [connector = "crm"] = flags.schema.keys();
  const named = flags.data === undefined ? "" : `export HEADGATE_DATA=${ready.data}\n  `;
  return [
    "headgate is ready",
    `  HTTP API    ${ready.apiUrl}/v1`,
    `  docs        ${ready.docsUrl}`,
    `  Bull Board  ${ready.boardUrl}  (password in ${ready.boardPasswordFile ?? "its file"})`,
    ...Object.entries(ready.emulators).map(
      ([name, url]) => `  emulator    ${url}/__emulator/state  (connection ${name})`,
    ),
    `  data        ${ready.data}`,
    "",
    "Try, in another terminal:",
    `  ${named}headgate load orders.csv --to ${connector}/orders --operation upsert --wait`,
    "",
    "Ctrl-C ends it; what is stored stays.",
  ].join("\n");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((wake) => signal.addEventListener("abort", () => wake(), { once: true }));
}

function addSchema(text: string, before: ReadonlyMap<string, string> = new Map()) {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError("It must be connector=file, such as crm=crm.yaml.");
  return new Map([...before, [text.slice(0, at), resolve(text.slice(at + 1))]]);
}
