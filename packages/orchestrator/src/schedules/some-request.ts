/** A load request as a run of a schedule would make one, to hold against rights and connectors. */
import { type LoadRequest, parseLoadRequest } from "../load-request.ts";
import type { ScheduleSpec, ScheduleTarget } from "../schedule-spec.ts";
import { fillSource } from "./fill-source.ts";

/** Any date shows which places a target reads. */
const someDate = "2000-01-01";

/** The target's own words; its source is that of some date. */
export function someRequest(spec: ScheduleSpec, target: ScheduleTarget): LoadRequest {
  const { sourceName, object, operation, source } = target;
  return parseLoadRequest({
    connection: spec.connection,
    sourceName,
    object,
    operation,
    source: fillSource(source, someDate),
  });
}
