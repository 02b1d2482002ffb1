/** Follows a load until it ends. */
import { setTimeout as delay } from "node:timers/promises";
import { isFinalLoadState } from "@headgate/core";
import type { LoadAnswer } from "./api-answers.ts";
import type { ApiClient } from "./api-client.ts";
import { CliError } from "./errors.ts";
import { showBytes } from "./measures.ts";
import type { Terminal } from "./terminal.ts";

const firstPollMs = 250;
const longestPollMs = 5_000;
/** An API that was away this long is given up. */
const longestAwayMs = 10 * 60_000;

/**
 * Asks until the load is complete, failed or cancelled and gives its last view; how far it is goes
 * to the terminal. An API that is away for less than ten minutes does not end the wait. Whatever
 * ends it early leaves a note that the load goes on, and where to look.
 */
export async function waitForLoad(
  client: ApiClient,
  load: LoadAnswer,
  options: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<LoadAnswer> {
  const { terminal, signal } = options;
  const rate = uploadRate(load.bytes.uploaded);
  let pollMs = firstPollMs;
  let awaySince: number | undefined;
  let seen = load;
  try {
    while (!isFinalLoadState(seen.state)) {
      terminal.progress(progressLine(seen, rate(seen.bytes.uploaded)), milestone(seen));
      await delay(pollMs, undefined, { signal });
      pollMs = Math.min(pollMs * 1.5, longestPollMs);
      try {
        seen = await client.get(load.id);
        awaySince = undefined;
      } catch (error) {
        if (!(error instanceof CliError) || error.kind !== "unavailable") throw error;
        awaySince ??= performance.now();
        if (performance.now() - awaySince > longestAwayMs) throw error;
        terminal.note(`${error.message}; the load goes on, still waiting for the API`);
      }
    }
  } catch (error) {
    terminal.note(`load ${load.id} goes on; look at it with: headgate status ${load.id} --wait`);
    // An aborted timer throws an error of its own; the signal's reason says what happened.
    signal.throwIfAborted();
    throw error;
  }
  terminal.progress(progressLine(seen, undefined), milestone(seen));
  return seen;
}

/** Throws load-failed for a load that ended as anything but complete. */
export function requireComplete(load: LoadAnswer): void {
  if (load.state === "complete") return;
  const why = load.reason === undefined ? "" : `: ${load.reason.message} (${load.reason.code})`;
  throw new CliError("load-failed", `load ${load.id} is ${load.state}${why}`);
}

function progressLine(load: LoadAnswer, bytesPerSecond: number | undefined): string {
  const { parts, bytes } = load;
  const words: string[] = [load.state];
  if (parts.planned > 0)
    words.push(
      `parts ${parts.uploaded}/${parts.planned} uploaded, ${parts.settled} settled`,
      `${showBytes(bytes.uploaded)} of ${showBytes(bytes.planned)}`,
    );
  if (bytesPerSecond !== undefined && bytesPerSecond > 0)
    words.push(`${showBytes(bytesPerSecond)}/s`);
  // Last, for a narrow terminal cuts the end off.
  words.push(`load ${load.id}`);
  return words.join("  ");
}

function milestone(load: LoadAnswer): string {
  return `${load.state} ${load.parts.uploaded} ${load.parts.settled}`;
}

/** The mean rate since the first call, in bytes a second. */
function uploadRate(startBytes: number): (bytes: number) => number | undefined {
  const startedAt = performance.now();
  return (bytes) => {
    const seconds = (performance.now() - startedAt) / 1000;
    return seconds < 1 ? undefined : Math.max(0, bytes - startBytes) / seconds;
  };
}
