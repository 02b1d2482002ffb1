import type { RunAnswer } from "../api/schedules.ts";
import { showBytes, showTable } from "./measures.ts";

/** A run and its targets, for people. */
export function showRun(run: RunAnswer): string {
  const { id, schedule, date, cause, state, reason, dueAt, startedAt, endedAt, targets } = run;
  const rows: string[][] = [
    ["run", id],
    ["schedule", `${schedule} for ${date}, by ${cause}`],
    ["state", state],
  ];
  if (reason !== undefined) rows.push(["reason", `${reason.code}: ${reason.message}`]);
  rows.push(["due", dueAt]);
  if (startedAt !== undefined) rows.push(["started", startedAt]);
  if (endedAt !== undefined) rows.push(["ended", endedAt]);
  rows.push(["files", `${run.files}, ${showBytes(run.bytes)}, ${run.records} records`]);
  for (const target of targets) {
    const why = target.reason === undefined ? "" : `: ${target.reason.message}`;
    const loads = target.loads.length === 0 ? "" : ` (${target.loads.join(", ")})`;
    rows.push(["target", `${target.name} ${target.state}${why}${loads}`]);
  }
  return showTable(rows);
}

/** Runs as a table, one a line. */
export function showRuns(runs: readonly RunAnswer[]): string {
  if (runs.length === 0) return "no runs";
  return showTable([
    ["RUN", "DATE", "CAUSE", "STATE", "FILES", "BYTES", "DUE", "ENDED"],
    ...runs.map(({ id, date, cause, state, files, bytes, dueAt, endedAt }) => [
      ...[id, date, cause, state],
      ...[String(files), showBytes(bytes), dueAt, endedAt ?? ""],
    ]),
  ]);
}
