/** What the demo tells at its end: a table of the loads, a summary, and one line of JSON. */
import type { LoadView } from "./api-client.ts";
import type { AcceptedLoad } from "./enqueue.ts";
import { workerCount } from "./programs.ts";
import type { Evidence, Verdict } from "./verdict.ts";

/** The result as CI reads it. */
export interface Summary {
  readonly ok: boolean;
  readonly loads: number;
  readonly parts: number;
  readonly bulkJobs: number;
  /** In files that the API has accepted. */
  readonly bytes: number;
  readonly rowsExpected: number;
  readonly rowsAccepted: number;
  readonly rowsMissing: number;
  readonly rowsDoubled: number;
  readonly maxFilesPerBulkJob: number;
  readonly maxPartBytes: number;
  readonly maxCreatesInRollingHour: number;
  readonly maxUnfinished: number;
  readonly workers: number;
  /** From the start of the first program to the verdict. */
  readonly seconds: number;
}

/** Sums up a demo that took `seconds`. */
export function summarise(evidence: Evidence, verdict: Verdict, seconds: number): Summary {
  const { bulkJobs } = evidence.emulator.state;
  const { differences, limits, ...rows } = verdict;
  return {
    ok: differences.length === 0,
    loads: evidence.views.length,
    parts: evidence.views.reduce((sum, { parts }) => sum + parts.planned, 0),
    bulkJobs: bulkJobs.length,
    bytes: bulkJobs.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0),
    rowsExpected: rows.rowsExpected,
    rowsAccepted: rows.rowsAccepted,
    rowsMissing: rows.rowsMissing,
    rowsDoubled: rows.rowsDoubled,
    maxFilesPerBulkJob: limits.maxFilesPerBulkJob,
    maxPartBytes: limits.maxPartBytes,
    maxCreatesInRollingHour: limits.maxCreatesInRollingHour,
    maxUnfinished: limits.maxUnfinished,
    workers: workerCount,
    seconds: Math.round(seconds * 10) / 10,
  };
}

/** A line a load: way in, what, where from, files, parts, records, MB, bulk jobs, state. */
export function loadTable(
  accepted: readonly AcceptedLoad[],
  views: readonly LoadView[],
): readonly string[] {
  const heads = ["load", "by", "into", "from", "files", "parts", "records", "MB", "bulk job", ""];
  const rows = accepted.map(({ id, object, load, from }, index) => {
    const view = views[index];
    return [
      id.slice(-6),
      load.wayIn,
      `${load.operation} ${object.sourceName}/${object.object}`,
      from.replace(/^s3:\/\/[^/]*\//, ""),
      String(view?.sourceObjects ?? 0),
      String(view?.parts.planned ?? 0),
      (view?.records.settled ?? 0).toLocaleString("en"),
      ((view?.bytes.settled ?? 0) / 1e6).toFixed(2),
      (view?.bulkJobs ?? []).map(({ remoteId = "" }) => remoteId.slice(0, 8)).join(" "),
      view?.state ?? "",
    ];
  });
  return aligned([heads, ...rows], new Set(["files", "parts", "records", "MB"]));
}

/** The verdict in sentences. */
export function verdictLines(summary: Summary, verdict: Verdict): readonly string[] {
  const count = (number: number) => number.toLocaleString("en");
  const lines = [
    `${summary.loads} loads, ${count(summary.bytes)} bytes in ${summary.parts} parts and ${summary.bulkJobs} bulk jobs, ${summary.workers} workers, ${summary.seconds} s`,
    `records: ${count(summary.rowsExpected)} in the sources, ${count(summary.rowsAccepted)} accepted, ${summary.rowsMissing} missing, ${summary.rowsDoubled} doubled`,
    `limits: ${summary.maxCreatesInRollingHour} of 20 creations in a rolling hour, ${summary.maxUnfinished} of 5 bulk jobs at a time, ${summary.maxFilesPerBulkJob} of 100 files in a bulk job, largest part ${count(summary.maxPartBytes)} of 150,000,000 bytes`,
  ];
  if (summary.ok) return [...lines, "all equal: every record arrived once, within the limits"];
  return [...lines, "NOT as it must be:", ...verdict.differences.map((line) => `  ${line}`)];
}

/** Columns padded to one width; those named in `right` stand at its right edge. */
function aligned(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<string>,
): readonly string[] {
  const heads = rows[0] ?? [];
  const widths = heads.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right.has(heads[column] ?? "") ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
