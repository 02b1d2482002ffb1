/** Follows a run of a schedule until it ends. */
import { getRun, type RunAnswer } from "../api/schedules.ts";
import type { ApiSession } from "../command-context.ts";
import { CliError } from "../errors.ts";
import { showBytes, showCount } from "../show/measures.ts";
import { follow } from "./follow.ts";

const ended: ReadonlySet<RunAnswer["state"]> = new Set([
  "complete",
  "failed",
  "cancelled",
  "skipped",
]);

/** Waits until the run has ended and gives its summary. */
export function followRun(
  session: ApiSession,
  run: RunAnswer,
  timeoutSeconds: number | undefined,
): Promise<RunAnswer> {
  return follow(session, {
    first: run,
    ask: (signal) => session.client.ask(getRun(run.id), { signal }),
    isOver: ({ state }) => ended.has(state),
    show: (seen) => session.terminal.progress(progressLine(seen), milestone(seen)),
    goesOn: `run ${run.id} goes on; look at it with: headgate schedule runs ${run.schedule}`,
    timeoutSeconds,
  });
}

/** Throws failed unless the run is complete. */
export function requireCompleteRun(run: RunAnswer): void {
  if (run.state === "complete") return;
  const why = run.reason === undefined ? "" : `: ${run.reason.message} (${run.reason.code})`;
  throw new CliError("failed", `run ${run.id} of ${run.date} is ${run.state}${why}`);
}

function progressLine(run: RunAnswer): string {
  const targets = run.targets.map(({ name, state, reason }) =>
    [name, state, ...(reason === undefined ? [] : [`(${reason.message})`])].join(" "),
  );
  const words = [run.state, run.date, ...targets];
  if (run.files > 0) words.push(`${showCount(run.files, "file")}, ${showBytes(run.bytes)}`);
  return [...words, `run ${run.id}`].join("  ");
}

function milestone(run: RunAnswer): string {
  return [run.state, ...run.targets.map(({ name, state }) => `${name} ${state}`)].join(" ");
}
