/** Which settings differ between two configurations. */
import { Secret } from "@headgate/core";
import type { SettledConfig } from "./loaded-config.ts";

/** Sections that a running process takes over. All else needs a restart. */
export const reloadableSections = ["schedules", "clients", "preflight", "logLevel"] as const;
export type ReloadableSection = (typeof reloadableSections)[number];

/** What a changed file means for a process that runs. */
export interface ConfigChanges {
  /** Sections that were taken over. */
  readonly applied: readonly ReloadableSection[];
  /** Settings, such as `redis.prefix`, that count once the process was started again. */
  readonly needRestart: readonly string[];
}

/** Compares two configurations. */
export function changesBetween(before: SettledConfig, next: SettledConfig): ConfigChanges {
  const isReloadable = (path: string): boolean =>
    reloadableSections.some((section) => path === section || path.startsWith(`${section}.`));
  const changed = changedPaths(before, next, []);
  return {
    applied: reloadableSections.filter((section) =>
      changed.some((path) => path === section || path.startsWith(`${section}.`)),
    ),
    needRestart: changed.filter((path) => !isReloadable(path)),
  };
}

function changedPaths(before: unknown, next: unknown, path: readonly string[]): readonly string[] {
  if (before instanceof Secret && next instanceof Secret)
    return before.reveal() === next.reveal() ? [] : [path.join(".")];
  if (Array.isArray(before) && Array.isArray(next) && before.length === next.length)
    return before.some((item, index) => changedPaths(item, next[index], path).length > 0)
      ? [path.join(".")]
      : [];
  if (isRecord(before) && isRecord(next))
    return [...new Set([...Object.keys(before), ...Object.keys(next)])].flatMap((key) =>
      changedPaths(before[key], next[key], [...path, key]),
    );
  return JSON.stringify(before) === JSON.stringify(next) ? [] : [path.join(".")];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Secret) &&
    !Array.isArray(value)
  );
}
