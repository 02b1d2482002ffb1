/** Asks for an errand and waits for its report. */
import type { z } from "zod";
import { type ErrandRoute, getErrand } from "../api/errands.ts";
import type { ApiSession } from "../command-context.ts";
import { CliError } from "../errors.ts";
import { showBytes, showCount } from "../show/measures.ts";
import { follow } from "./follow.ts";

/**
 * The report of an errand, once a worker has done it. Throws CliError: failed where the worker could
 * not do it, timed-out, and what a request throws.
 */
export async function runErrand<Report extends z.ZodType>(
  session: ApiSession,
  route: ErrandRoute,
  options: { readonly report: Report; readonly timeoutSeconds: number | undefined },
): Promise<z.output<Report>> {
  const { client, terminal } = session;
  const asked = await client.ask(route);
  const ended = await follow(session, {
    first: asked,
    ask: (signal) => client.ask(getErrand(asked.id), { signal }),
    isOver: ({ state }) => state === "done" || state === "failed",
    show: ({ state, progress }) => {
      const far =
        progress === undefined
          ? ""
          : `  ${showCount(progress.sourceObjects, "file")}, ${showBytes(progress.bytes)} read`;
      if (state !== "done") terminal.progress(`${state}${far}`, state);
    },
    goesOn: `errand ${asked.id} may still be carried out by a worker`,
    timeoutSeconds: options.timeoutSeconds,
    // The API holds a question until the errand ends, so there is no need to rest between two.
    longestPollMs: 1_000,
  });
  if (ended.state === "failed") {
    const { code, message } = ended.reason ?? { code: "unknown", message: "no reason is given" };
    throw new CliError("failed", `${message} (${code})`, { code });
  }
  const report = options.report.safeParse(ended.result);
  if (report.success) return report.data;
  throw new CliError("unavailable", `errand ${ended.id} has a report of another shape`);
}
