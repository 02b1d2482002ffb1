/** Turns records of schedules and runs into what people see. */
import { iso } from "../load-view.ts";
import type { RunTargetView, RunView } from "../schedules.ts";
import type { RunRecord } from "./run-record.ts";

/** A run as it is shown. */
export function runView(run: RunRecord): RunView {
  return {
    id: run.id,
    schedule: run.schedule,
    connection: run.spec.connection,
    date: run.date,
    cause: run.cause,
    ...(run.backfill === undefined ? {} : { backfill: run.backfill }),
    state: run.state,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    dueAt: iso(run.dueAt),
    ...(run.startedAt === undefined ? {} : { startedAt: iso(run.startedAt) }),
    ...(run.endedAt === undefined ? {} : { endedAt: iso(run.endedAt) }),
    targets: run.targets.map((target, index) => targetView(run, target, index)),
    ...totalsOf(run),
  };
}

/** Files, bytes and records of a run's targets together. */
export function totalsOf({ targets }: Pick<RunRecord, "targets">): {
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
} {
  const sum = (of: "files" | "bytes" | "records"): number =>
    targets.reduce((total, target) => total + target[of], 0);
  return { files: sum("files"), bytes: sum("bytes"), records: sum("records") };
}

function targetView(
  { spec }: RunRecord,
  target: RunRecord["targets"][number],
  index: number,
): RunTargetView {
  const { name, state, reason, loads, files, bytes, records } = target;
  return {
    name,
    sourceName: spec.targets[index]?.sourceName ?? "",
    object: spec.targets[index]?.object ?? "",
    state,
    ...(reason === undefined ? {} : { reason }),
    loads,
    files,
    bytes,
    records,
  };
}
