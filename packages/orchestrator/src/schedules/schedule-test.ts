/** The errand `schedule-test`: what a run for a date would take. Nothing is recorded, nothing taken. */
import { orderTargets } from "@headgate/core";
import type { ErrandRequest, ScheduleTestReport } from "../errands.ts";
import type { StepContext } from "../steps/context.ts";
import { targetKey } from "./file-ledger.ts";
import { judgeFiles } from "./judge-files.ts";
import { type LookAt, look, placesOf } from "./look.ts";
import { noSchedule, readSchedule } from "./schedule-record.ts";

/** Files named in a report. */
const filesShown = 1000;

/** Looks once, as a nightly run would. Throws ERR_SCHEDULE_NOT_FOUND, ERR_SOURCE_*, ERR_CLIENT_FORBIDDEN. */
export async function testSchedule(
  context: StepContext,
  request: Extract<ErrandRequest, { readonly kind: "schedule-test" }>,
  signal: AbortSignal,
): Promise<ScheduleTestReport> {
  const { schedule, date } = request;
  const record = await readSchedule(context.ledger, schedule);
  if (record === undefined) throw noSchedule(schedule);
  const { spec, principal } = record;
  const names = orderTargets(spec.targets).map(({ name }) => name);
  const targets: ScheduleTestReport["targets"][number][] = [];
  for (const [index, target] of spec.targets.entries()) {
    const at = { target, date, lookBackDays: spec.lookBackDays, principal };
    targets.push(await testTarget(context, { at, name: names[index] ?? "" }, signal));
  }
  return { schedule, date, targets };
}

async function testTarget(
  context: StepContext,
  { at, name }: { readonly at: LookAt; readonly name: string },
  signal: AbortSignal,
): Promise<ScheduleTestReport["targets"][number]> {
  const found = await look(context, at, signal);
  const { newFiles, known, contested } = await judgeFiles(
    context.ledger,
    targetKey(at.target),
    found,
  );
  const waitsFor = found.waitsFor ?? contested;
  return {
    name,
    sources: placesOf(at),
    ready: waitsFor === undefined,
    ...(waitsFor === undefined ? {} : { waitsFor }),
    files: newFiles.slice(0, filesShown).map(({ uri, bytes }) => ({ uri, bytes })),
    newFiles: newFiles.length,
    bytes: newFiles.reduce((sum, { bytes }) => sum + bytes, 0),
    alreadyLoaded: known.length,
  };
}
