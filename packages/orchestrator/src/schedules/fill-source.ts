import { fillDate } from "@headgate/core";
import type { ScheduleTarget } from "../schedule-spec.ts";

/** Puts the date into every URI of a source. Throws ERR_REQUEST_INVALID for an unknown date pattern. */
export function fillSource(
  source: ScheduleTarget["source"],
  date: string,
): ScheduleTarget["source"] {
  if ("uri" in source) return { uri: fillDate(source.uri, date) };
  if ("prefix" in source) {
    const prefix = fillDate(source.prefix, date);
    return source.suffix === undefined
      ? { prefix }
      : { prefix, suffix: fillDate(source.suffix, date) };
  }
  if ("glob" in source) return { glob: fillDate(source.glob, date) };
  if ("keys" in source) return { keys: source.keys.map((uri) => fillDate(uri, date)) };
  return { manifest: fillDate(source.manifest, date) };
}
