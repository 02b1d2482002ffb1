/** Follows a load until it ends. */
import { isFinalLoadState } from "@headgate/core";
import { getLoad, type LoadAnswer } from "../api/loads.ts";
import type { ApiSession } from "../command-context.ts";
import { CliError } from "../errors.ts";
import { showBytes } from "../show/measures.ts";
import { meanRate, showPace } from "../show/pace.ts";
import { follow } from "./follow.ts";

/** Waits until the load is complete, failed or cancelled and gives its last view. */
export function followLoad(
  session: ApiSession,
  load: LoadAnswer,
  timeoutSeconds: number | undefined,
): Promise<LoadAnswer> {
  const rate = meanRate(load.bytes.uploaded);
  return follow(session, {
    first: load,
    ask: (signal) => session.client.ask(getLoad(load.id), { signal }),
    isOver: ({ state }) => isFinalLoadState(state),
    show: (seen) =>
      session.terminal.progress(
        progressLine(seen, isFinalLoadState(seen.state) ? undefined : rate(seen.bytes.uploaded)),
        milestone(seen),
      ),
    goesOn: `load ${load.id} goes on; look at it with: headgate status ${load.id} --wait`,
    timeoutSeconds,
  });
}

/**
 * Throws for a load that ended as anything but complete: bad-input where its planning refused it,
 * which spends no slot, else failed.
 */
export function requireComplete(load: LoadAnswer): void {
  if (load.state === "complete") return;
  const why = load.reason === undefined ? "" : `: ${load.reason.message} (${load.reason.code})`;
  const refused = load.state === "failed" && load.plannedAt === undefined;
  const findings = (load.findings ?? 0) > 0 ? `; see: headgate findings ${load.id}` : "";
  throw new CliError(
    refused ? "bad-input" : "failed",
    `load ${load.id} is ${load.state}${why}${findings}`,
    { code: load.reason?.code },
  );
}

/** How far a load is, in one line. */
function progressLine(load: LoadAnswer, bytesPerSecond: number | undefined): string {
  const { parts, bytes } = load;
  const words: string[] = [load.state];
  if (parts.planned > 0)
    words.push(
      `parts ${parts.uploaded}/${parts.planned} uploaded, ${parts.settled} settled`,
      `${showBytes(bytes.uploaded)} of ${showBytes(bytes.planned)}`,
    );
  const left = bytes.planned - bytes.uploaded;
  if (bytesPerSecond !== undefined && left > 0) words.push(...showPace(bytesPerSecond, left));
  // Last, for a narrow terminal cuts the end off.
  words.push(`load ${load.id}`);
  return words.join("  ");
}

/** Changes when a new line is worth printing where no line can be rewritten. */
function milestone(load: LoadAnswer): string {
  return `${load.state} ${load.parts.uploaded} ${load.parts.settled}`;
}
