import type { Command } from "commander";
import { z } from "zod";
import { pause } from "../api/api-client.ts";
import { type ApiEvent, followEvents } from "../api/events.ts";
import { getLoad } from "../api/loads.ts";
import {
  type ApiSession,
  addTimeout,
  apiCommand,
  apiFlags,
  type CommandContext,
  sessionFor,
} from "../command-context.ts";
import { CliError, isCliError } from "../errors.ts";
import { followLoad, requireComplete } from "../follow/follow-load.ts";
import { pollLoads } from "../follow/poll-loads.ts";
import { lastLoad } from "../last-load.ts";
import { showEvent } from "../show/show-event.ts";

const watchFlags = apiFlags.extend({
  last: z.boolean().default(false),
  run: z.string().exactOptional(),
  type: z.string().exactOptional(),
  after: z.string().exactOptional(),
  timeout: z.number().exactOptional(),
});
type WatchFlags = z.output<typeof watchFlags>;

/** How long the last event of a load that has ended is waited for. */
const lastEventMs = 3_000;

const examples = `
Of a load, its events until it ends; exit code as with --wait. Else all events until Ctrl-C, or until
nobody reads (headgate watch | head). A lost connection is taken up where it broke. Where no events
come through (a proxy may keep them back), the states of loads are asked for instead. With
--json each line is {"id", "type", "data"}.

Examples:
  $ headgate watch default.9f3c
  $ headgate watch --last
  $ headgate watch --type load.ended,schedule.run-ended --json`;

/** `headgate watch`: events as they happen. */
export function watchCommand(context: CommandContext): Command {
  const command = apiCommand("watch")
    .description("Shows what happens to a load, a run or everything, as it happens.")
    .argument("[id]", "a load's id; default everything that this API key may see")
    .option("--last", "the newest load of this API key")
    .option("--run <id>", "only events of this run of a schedule")
    .option("--type <types>", "only these events, such as load.ended,bulk-job.opened")
    .option("--after <id>", "also the events after this one, as far as they are kept");
  return addTimeout(command)
    .addHelpText("after", examples)
    .action(async (id: string | undefined, options: unknown) => {
      const flags = watchFlags.parse(options);
      if (id !== undefined && flags.last) throw new CliError("usage", "--last takes no id");
      const session = sessionFor(flags, context);
      const load = flags.last ? await lastLoad(session) : id;
      if (load === undefined) await watchAll(session, flags);
      else await watchLoad(session, load, flags);
    });
}

async function watchAll(session: ApiSession, flags: WatchFlags): Promise<void> {
  const { client, terminal } = session;
  const { run, type, after, timeout } = flags;
  const signal =
    timeout === undefined ? session.signal : AbortSignal.any([session.signal, timeLimit(timeout)]);
  const show = async (events: AsyncIterable<ApiEvent>): Promise<void> => {
    for await (const event of events) terminal.answer(line(event, flags));
  };
  try {
    const onHeartbeat = heartbeat(session, flags);
    await show(
      followEvents(client, { run, type }, { signal, after, onHeartbeat, report: terminal.note }),
    );
  } catch (error) {
    if (!isCliError(error, "no-events")) throw error;
    terminal.note(`${error.message}; asking for the states of loads instead`);
    await show(pollLoads(session, { run, signal }));
  }
}

/**
 * Events and the load's own views side by side: the views say when it is over even where no events
 * can be had, so an API that gives none to this client, or a proxy that keeps them back, costs the
 * details only.
 */
async function watchLoad(session: ApiSession, id: string, flags: WatchFlags): Promise<void> {
  const { client, terminal } = session;
  const load = await client.ask(getLoad(id));
  const over = new AbortController();
  const signal = AbortSignal.any([session.signal, over.signal]);
  const events = showEvents(session, { signal, load: id, flags });
  try {
    const ended = await followLoad(session, load, flags.timeout);
    if (load !== ended || flags.after !== undefined)
      await Promise.race([events, pause(lastEventMs, signal)]);
    terminal.note(`load ${id} is ${ended.state}`);
    requireComplete(ended);
  } finally {
    over.abort();
    await events;
  }
}

/** Shows the load's events until its last one. */
async function showEvents(
  session: ApiSession,
  options: { readonly signal: AbortSignal; readonly load: string; readonly flags: WatchFlags },
): Promise<void> {
  const { client, terminal } = session;
  const { signal, load, flags } = options;
  const { type, run, after } = flags;
  try {
    const events = followEvents(
      client,
      { load, type, run },
      { signal, after, onHeartbeat: heartbeat(session, flags), report: () => undefined },
    );
    for await (const event of events) {
      terminal.answer(line(event, flags));
      if (event.type === "load.ended") return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!isCliError(error)) throw error;
    terminal.note(`no events: ${error.message}; asking for the load's state instead`);
  }
}

/** JSON may have spaces around; on a line for people, behind a pipe to a terminal, \r is not seen. */
function heartbeat({ terminal }: ApiSession, { json }: WatchFlags): () => void {
  return () => terminal.probe(json ? " " : "\r");
}

function line(event: ApiEvent, { json }: WatchFlags): string {
  return json ? JSON.stringify(event) : showEvent(event);
}

function timeLimit(seconds: number): AbortSignal {
  const late = new AbortController();
  const why = new CliError("timed-out", `the ${seconds} s of --timeout are over`);
  setTimeout(() => late.abort(why), seconds * 1000).unref();
  return late.signal;
}
