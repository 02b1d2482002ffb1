/**
 * The Ingestion API's limits, measured from the log of the calls that reached it, and from nothing
 * that headgate says of itself.
 *
 * A bulk job is unfinished from the accepted creation to the accepted abort, or to the end of its
 * processing, which begins with the accepted close.
 */
import { slotWindowMs } from "@headgate/core";
import type { LoggedCall, Maxima } from "@headgate/emulator";

/** One call as far as it is needed. */
export type Call = Pick<LoggedCall, "at" | "kind" | "status" | "accepted" | "bulkJobId" | "bytes">;

/** Measures the worst of each limit. `processingMs` is the time from a close to JobComplete. */
export function limitsFromLog(
  calls: readonly Call[],
  { processingMs }: { readonly processingMs: number },
): Maxima {
  const uploads = calls.filter(({ kind }) => kind === "upload");
  return {
    maxCreatesInRollingHour: mostInWindow(
      calls.filter(({ kind }) => kind === "create").map(({ at }) => at),
    ),
    maxUnfinished: mostUnfinished(calls, processingMs),
    maxFilesPerBulkJob: mostFiles(uploads),
    maxPartBytes: Math.max(0, ...uploads.map(({ bytes }) => bytes ?? 0)),
  };
}

/** Calls that the API refused or never answered, as `kind status`, each with its number. */
export function refusedCalls(calls: readonly Call[]): ReadonlyMap<string, number> {
  const refused = new Map<string, number>();
  for (const { kind, status } of calls) {
    if (status !== null && status < 400) continue;
    const name = `${kind ?? "unknown call"} ${status ?? "unanswered"}`;
    refused.set(name, (refused.get(name) ?? 0) + 1);
  }
  return refused;
}

/** Every attempt to create counts, whatever was answered. */
function mostInWindow(instants: readonly number[]): number {
  const sorted = instants.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, at] of sorted.entries()) {
    while ((sorted[first] ?? at) <= at - slotWindowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function mostUnfinished(calls: readonly Call[], processingMs: number): number {
  const changes: { readonly at: number; readonly by: 1 | -1 }[] = [];
  for (const { kind, accepted, at } of calls) {
    if (!accepted) continue;
    if (kind === "create") changes.push({ at, by: 1 });
    if (kind === "abort") changes.push({ at, by: -1 });
    if (kind === "close") changes.push({ at: at + processingMs, by: -1 });
  }
  // At one instant, what ends makes room for what begins.
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let unfinished = 0;
  let most = 0;
  for (const { by } of changes) {
    unfinished += by;
    most = Math.max(most, unfinished);
  }
  return most;
}

function mostFiles(uploads: readonly Call[]): number {
  const files = new Map<string, number>();
  for (const { accepted, bulkJobId } of uploads)
    if (accepted && bulkJobId !== undefined) files.set(bulkJobId, (files.get(bulkJobId) ?? 0) + 1);
  return Math.max(0, ...files.values());
}
