/** Judges a demo: what arrived against what the sources hold, and the limits against the call log. */
import {
  maxFilesPerBulkJob,
  maxPartBytes,
  maxUnfinishedBulkJobs,
  slotsPerWindow,
} from "@headgate/core";
import type { Maxima, ObjectReport } from "@headgate/emulator";
import type { LoadView } from "./api-client.ts";
import type { DemoObject } from "./data-sets.ts";
import type { EmulatorReport } from "./emulator-report.ts";
import type { AcceptedLoad } from "./enqueue.ts";
import { limitsFromLog, refusedCalls } from "./limits-from-log.ts";
import type { SourceCount } from "./source-count.ts";

export interface Evidence {
  readonly accepted: readonly AcceptedLoad[];
  /** What headgate says of each load, in the same order. */
  readonly views: readonly LoadView[];
  readonly counts: ReadonlyMap<DemoObject, SourceCount>;
  readonly emulator: EmulatorReport;
  readonly processingMs: number;
}

export interface Verdict {
  /** What is not as it must be, one sentence each; empty where all is well. */
  readonly differences: readonly string[];
  /** Records of the sources, deletes included, and how many of them the emulator has in completed bulk jobs. */
  readonly rowsExpected: number;
  readonly rowsAccepted: number;
  readonly rowsMissing: number;
  readonly rowsDoubled: number;
  readonly limits: Maxima;
}

/** Compares everything; throws nothing. */
export function judge(evidence: Evidence): Verdict {
  const { counts, emulator, processingMs } = evidence;
  const limits = limitsFromLog(emulator.calls, { processingMs });
  const differences = [
    ...loadDifferences(evidence),
    ...bulkJobDifferences(evidence),
    ...limitDifferences(limits, emulator),
  ];
  let [rowsExpected, rowsAccepted, rowsMissing, rowsDoubled] = [0, 0, 0, 0];
  for (const [object, count] of counts) {
    const report = reportOf(emulator, object);
    differences.push(...objectDifferences(object, count, report));
    const received = report?.rowsReceived ?? 0;
    const deleted = report?.rowsDeleted ?? 0;
    const surplus = received - count.rowsReceived;
    rowsExpected += count.rowsReceived + count.rowsDeleted;
    rowsAccepted += received + deleted;
    rowsMissing += Math.max(0, -surplus) + Math.max(0, count.rowsDeleted - deleted);
    rowsDoubled += Math.max(0, surplus, report?.rowsReceivedTwice ?? 0);
    rowsDoubled += Math.max(0, deleted - count.rowsDeleted);
  }
  return { differences, rowsExpected, rowsAccepted, rowsMissing, rowsDoubled, limits };
}

function reportOf(emulator: EmulatorReport, object: DemoObject): ObjectReport | undefined {
  return emulator.state.objects.find(
    (report) => report.sourceName === object.sourceName && report.object === object.object,
  );
}

const compared = [
  "rowsReceived",
  "hash",
  "rowsDeleted",
  "deletedHash",
  "rowsReceivedTwice",
  "rowsReplaced",
  "keysHeld",
  "heldHash",
] as const satisfies readonly (keyof SourceCount & keyof ObjectReport)[];

function objectDifferences(
  { sourceName, object }: DemoObject,
  count: SourceCount,
  report: ObjectReport | undefined,
): readonly string[] {
  const name = `${sourceName}/${object}`;
  if (report === undefined) return [`${name}: nothing has arrived`];
  return compared
    .filter((measure) => report[measure] !== count[measure])
    .map(
      (measure) =>
        `${name}: ${measure} is ${report[measure]}, and ${count[measure]} by the count of the sources`,
    );
}

function loadDifferences({ accepted, views, counts }: Evidence): readonly string[] {
  const differences: string[] = [];
  const settled = new Map<DemoObject, number>();
  for (const [index, view] of views.entries()) {
    const object = accepted[index]?.object;
    const { id, state, reason, records } = view;
    if (state !== "complete")
      differences.push(
        `load ${id} (${object?.object}) is ${state}${reason === undefined ? "" : `: ${reason.message}`}`,
      );
    if (object !== undefined) settled.set(object, (settled.get(object) ?? 0) + records.settled);
  }
  for (const [object, { rowsReceived, rowsDeleted }] of counts) {
    const told = settled.get(object) ?? 0;
    if (told !== rowsReceived + rowsDeleted)
      differences.push(
        `${object.object}: headgate tells of ${told} settled records, the sources have ${rowsReceived + rowsDeleted}`,
      );
  }
  return differences;
}

function bulkJobDifferences({ emulator, views }: Evidence): readonly string[] {
  const { bulkJobs } = emulator.state;
  const differences = bulkJobs
    .filter(({ state }) => state !== "JobComplete")
    .map(({ id, state }) => `bulk job ${id} is ${state}`);
  const files = bulkJobs.reduce((sum, job) => sum + job.files.length, 0);
  const parts = views.reduce((sum, view) => sum + view.parts.planned, 0);
  if (files !== parts) differences.push(`the API has ${files} files of ${parts} planned parts`);
  for (const [call, times] of refusedCalls(emulator.calls))
    differences.push(`the API refused or left open ${times} of the calls: ${call}`);
  return differences;
}

const allowed: Readonly<Record<keyof Maxima, number>> = {
  maxCreatesInRollingHour: slotsPerWindow,
  maxUnfinished: maxUnfinishedBulkJobs,
  maxFilesPerBulkJob,
  maxPartBytes,
};

function limitDifferences(limits: Maxima, { state }: EmulatorReport): readonly string[] {
  const differences: string[] = [];
  for (const limit of Object.keys(allowed) as (keyof Maxima)[]) {
    const [seen, most, told] = [limits[limit], allowed[limit], state.maxima[limit]];
    if (seen > most) differences.push(`${limit} is ${seen} by the call log, allowed are ${most}`);
    if (seen !== told)
      differences.push(`${limit} is ${seen} by the call log and ${told} by the emulator's count`);
  }
  return differences;
}
