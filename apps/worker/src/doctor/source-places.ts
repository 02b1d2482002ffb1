/** Which places in S3 a configuration reads from. */
import type { HeadgateConfig } from "@headgate/config";
import type { ScheduleTarget } from "@headgate/orchestrator/requests";

/** The parts of a configuration that name places. */
export type PlacesConfig = Pick<HeadgateConfig, "sources" | "schedules">;

/**
 * `s3://bucket/` and `s3://bucket/folder/` of the allow-list and of the schedules' targets, each
 * once, up to the first date pattern or glob.
 */
export function s3Places({ sources, schedules }: PlacesConfig): readonly string[] {
  const allowed = (sources.s3.buckets ?? []).map((place) =>
    place.includes("/") ? `s3://${place}` : `s3://${place}/`,
  );
  const scheduled = Object.values(schedules)
    .flatMap(({ targets }) => targets)
    .flatMap(({ source }) => urisOf(source))
    .filter((uri) => uri.startsWith("s3://"))
    .map(fixedStart);
  return [...new Set([...allowed, ...scheduled])];
}

function urisOf(source: ScheduleTarget["source"]): readonly string[] {
  if ("uri" in source) return [source.uri];
  if ("prefix" in source) return [source.prefix];
  if ("glob" in source) return [source.glob];
  return "keys" in source ? source.keys : [source.manifest];
}

/** `s3://exports/{yyyy-MM-dd}/orders/` begins with `s3://exports/` on every date. */
function fixedStart(uri: string): string {
  const fixed = uri.replace(/[{*?[].*$/s, "");
  return fixed.slice(0, fixed.lastIndexOf("/") + 1);
}
