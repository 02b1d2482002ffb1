/** What happens to loads where no events can be had: their views, asked for again and again. */
import { pause } from "../api/api-client.ts";
import type { ApiEvent } from "../api/events.ts";
import { type LoadAnswer, listLoads } from "../api/loads.ts";
import type { ApiSession } from "../command-context.ts";
import { isCliError } from "../errors.ts";

/**
 * An event `load.seen` with the load's view for each of the newest 100 loads that has changed since
 * it was last asked for, until the signal aborts. An API that is away is waited for.
 */
export async function* pollLoads(
  { client, terminal }: ApiSession,
  options: {
    readonly run?: string | undefined;
    readonly signal: AbortSignal;
    /** Time between two questions. Default 2 s. */
    readonly pollMs?: number;
  },
): AsyncGenerator<ApiEvent> {
  const { run, signal, pollMs = 2_000 } = options;
  let before: ReadonlyMap<string, string> | undefined;
  for (;;) {
    const loads = await client.ask(listLoads({ run, limit: 100 }), { signal }).then(
      (page) => page.loads,
      (error: unknown) => {
        if (!isCliError(error, "unavailable")) throw error;
        terminal.note(`${error.message}; still waiting for the API`);
      },
    );
    if (loads !== undefined) {
      // The first answer is where it begins, no news.
      for (const load of loads.toReversed())
        if (before !== undefined && before.get(load.id) !== stageOf(load))
          yield { id: undefined, type: "load.seen", data: load };
      before = new Map(loads.map((load) => [load.id, stageOf(load)]));
    }
    await pause(pollMs, signal);
  }
}

function stageOf({ state, parts }: LoadAnswer): string {
  return `${state} ${parts.planned} ${parts.uploaded} ${parts.settled}`;
}
