/** What is wrong with a schedule beyond its shape: times, names, order, gates, date patterns and URIs. */
import { BulkError, checkSelectedUris, fillDate, isBulkError, orderFaults } from "@headgate/core";
import { selectionOf } from "../load-request.ts";
import type { ScheduleSpec, ScheduleTarget } from "../schedule-spec.ts";
import { checkTiming } from "./cron.ts";
import { fillSource } from "./fill-source.ts";

/** One fault, and where in the schedule it stands. */
export interface ScheduleFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Any date shows whether a pattern can be filled. */
const someDate = "2000-01-01";

/** Every fault; none where the schedule can run. */
export function scheduleFaults(spec: ScheduleSpec): readonly ScheduleFault[] {
  const { targets } = spec;
  return [
    ...faultOf(["cron"], () => checkTiming({ ...spec, timeZone: "UTC" })),
    ...faultOf(["timeZone"], () => checkTiming({ ...spec, cron: "0 0 * * *" })),
    ...orderFaults(targets).map(({ index, field, message }) => ({
      path: ["targets", index, field],
      message,
    })),
    ...targets.flatMap((target, index) =>
      [...gateFaults(target), ...headerFaults(target), ...sourceFaults(target)].map((fault) => ({
        ...fault,
        path: ["targets", index, ...fault.path],
      })),
    ),
    ...lookBackFaults(spec),
  ];
}

/** Throws ERR_REQUEST_INVALID with every fault in its message. */
export function checkSchedule(spec: ScheduleSpec): void {
  const faults = scheduleFaults(spec);
  if (faults.length === 0) return;
  const lines = faults.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new BulkError("ERR_REQUEST_INVALID", `the schedule is not valid: ${lines.join("; ")}`, {
    fields: { field: faults[0]?.path.join(".") ?? "", faults: faults.length },
  });
}

function gateFaults({ gate, source }: ScheduleTarget): readonly ScheduleFault[] {
  if (gate === undefined) return [];
  if (!("prefix" in source))
    return [{ path: ["gate"], message: 'needs a source of {"prefix"}, whose folder it lies in' }];
  const name = "file" in gate ? gate.file : gate.manifest;
  if (/[/\\]/.test(name) || name === "." || name === "..")
    return [{ path: ["gate"], message: `"${name}" must be the name of a file, without a folder` }];
  return [];
}

function headerFaults({ operation, header }: ScheduleTarget): readonly ScheduleFault[] {
  if (operation === "delete" || header === undefined || header === "present") return [];
  const message = `"${header}" is only for delete; an upsert file must have a header ("present")`;
  return [{ path: ["header"], message }];
}

function sourceFaults({ source }: ScheduleTarget): readonly ScheduleFault[] {
  const unfilled = Object.entries(source).flatMap(([key, value]) =>
    [value].flat().flatMap((text) => faultOf(["source", key], () => fillDate(text, someDate))),
  );
  if (unfilled.length > 0) return unfilled;
  return faultOf(["source"], () =>
    checkSelectedUris(selectionOf({ source: fillSource(source, someDate) })),
  );
}

/** Without a date in it, a place is the same on every day, and looking back would look at it twice. */
function lookBackFaults({ lookBackDays, targets }: ScheduleSpec): readonly ScheduleFault[] {
  if (lookBackDays === 0) return [];
  return targets.some(({ source }) => "prefix" in source)
    ? []
    : [{ path: ["lookBackDays"], message: 'needs a target with a source of {"prefix"}' }];
}

function faultOf(path: readonly string[], check: () => unknown): readonly ScheduleFault[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!isBulkError(error, "ERR_REQUEST_INVALID", "ERR_SOURCE_URI")) throw error;
    return [{ path, message: error.message.replace(/^(cron|timeZone): /, "") }];
  }
}
